"""Where the disk is nearly full nothing is received, whoever receives: doors, imports, mutations, replays."""

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.formats.origin import Format
from ingest.importing.receiving import receive_items
from ingest.ledger.events import events
from ingest.ledger.events.events import EventFilter
from ingest.ledger.storage.database import open_ledger
from ingest.receiving.replay import replay
from ingest.receiving.space import NoSpaceError, Space
from ingest.receiving.submit import ReceivedMessage, receive, receive_if, receive_many
from ingest.settings import receiver_of
from tests.ingest.gateway.test_mllp import oru
from tests.ingest.receivers import receiver_in
from vlmkg.data_dir import DataDir

MESSAGE = ReceivedMessage(oru(2), Format.HL7)
WAYS = {
    "receive": lambda receiver: receive(receiver, MESSAGE),
    "receive_many": lambda receiver: receive_many(receiver, [MESSAGE]),
    "receive_if": lambda receiver: receive_if(receiver, MESSAGE, lambda _: True),
    "import": lambda receiver: list(receive_items(receiver, [MESSAGE], lambda: False)),
    "replay": lambda receiver: replay(receiver, [1]),
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_written_without_room(tmp_path: Path, way: str) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    receiver = receiver_in(tmp_path, ledger)
    receive(receiver, ReceivedMessage(oru(1), Format.HL7))
    full = replace(receiver, space=Space([tmp_path], 1 << 60))
    with pytest.raises(NoSpaceError):
        WAYS[way](full)
    with ledger.read() as connection:
        assert len(events.list_events(connection, EventFilter(), limit=10)) == 1
    WAYS[way](receiver)
    ledger.close()


def test_the_reserve_is_that_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for reserve, is_short in (("0", False), (str(1 << 40), True)):
        monkeypatch.setenv("VLMKG_MIN_FREE", reserve)
        receiver = receiver_of(DataDir(tmp_path / "var"))
        assert receiver.space.is_short() is is_short
        receiver.ledger.close()
