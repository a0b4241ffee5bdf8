"""Messages that wait are received together, and fail each for itself."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ingest import blobs
from ingest.errors import OutageError
from ingest.formats.origin import Format
from ingest.gateway import micro_batching
from ingest.gateway.door import Reception, receive_now, receive_soon
from ingest.gateway.micro_batching import receive_group
from ingest.ledger.events.raw_messages import SMALL
from ingest.ledger.events.record import Receipt
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.ledger.storage.tables import events
from ingest.receiving.space import NoSpaceError, Space
from ingest.receiving.submit import ReceivedMessage, receive, receive_many
from tests.ingest.gateway.test_mllp import oru
from tests.ingest.receivers import receiver_in


def incoming(number: int) -> ReceivedMessage:
    return ReceivedMessage(oru(number), Format.HL7)


LARGE = ReceivedMessage(oru(2, "FINDINGS: Clear. " + "Clear. " * SMALL), Format.HL7)


async def test_all_get_the_receipts_of_their_own_messages(reception: Reception) -> None:
    receipts = await asyncio.gather(*(receive_soon(reception, incoming(number)) for number in range(200)))
    again = await asyncio.gather(*(receive_soon(reception, incoming(number)) for number in range(200)))
    assert len({receipt.event_id for receipt in receipts}) == 200
    assert [receipt.event_id for receipt in again] == [receipt.event_id for receipt in receipts]
    assert all(receipt.duplicate for receipt in again)


async def test_senders_who_wait_for_their_answers_come_in_company(
    reception: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """32 senders, 5 messages each: the first one alone, then all that came back, and those who are left. Were the first
    to come back alone each time, there would be ten groups. They are waited for longer than usual, so that a busy
    machine makes no other groups."""
    monkeypatch.setattr(micro_batching, "COMPANY_S", 0.5)
    monkeypatch.setattr(micro_batching, "PATIENCE_S", 30.0)

    async def sender(first: int) -> None:
        for number in range(first, first + 5):
            await receive_soon(reception, incoming(number))

    await asyncio.gather(*(sender(5 * number) for number in range(32)))
    with reception.receiver.ledger.read() as connection:
        moments = select(func.count(events.c.received_at.distinct()), func.count())
        groups, messages = connection.execute(moments).one()
    assert (messages, groups) == (160, 6)


def test_one_that_can_not_be_received_does_not_take_others_along(tmp_path: Path, ledger: Ledger) -> None:
    """The middle one has no bytes, which no parser expects: an error that is no outage."""
    receiver = receiver_in(tmp_path, ledger)
    bad = incoming(2)
    receive_many(receiver, [incoming(0)])
    broken = replace(bad, raw=None)
    results = receive_group(receiver, [incoming(1), broken, incoming(3)])
    assert [isinstance(result, BaseException) for result in results] == [False, True, False]


def test_an_outage_of_the_ledger_is_everybody_s(tmp_path: Path, ledger: Ledger, ledger_url: str) -> None:
    receiver = receiver_in(tmp_path, ledger)
    with ledger.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    other = open_ledger(ledger_url)
    with other.write():
        results = receive_group(receiver, [incoming(1), LARGE])
    assert [type(result) for result in results] == [OutageError, OutageError]
    other.close()


def test_an_outage_of_the_blob_store_is_that_of_messages_that_need_it(tmp_path: Path, ledger: Ledger) -> None:
    receiver = receiver_in(tmp_path, ledger)
    assert receiver.blobs.folder is not None
    (receiver.blobs.folder / blobs.LOCK_FILE).mkdir()
    results = receive_group(receiver, [incoming(1), LARGE, incoming(3)])
    assert [type(result) for result in results] == [Receipt, OutageError, Receipt]
    with ThreadPoolExecutor(3) as threads:
        done = [threads.submit(receive, receiver, one) for one in (incoming(4), LARGE, incoming(6))]
    assert [type(one.exception()) for one in done] == [type(None), OutageError, type(None)]


async def test_nothing_is_taken_where_the_disk_is_short(tmp_path: Path, ledger: Ledger) -> None:
    with ThreadPoolExecutor(1) as threads:
        reception = Reception(receiver_in(tmp_path, ledger), threads, Space([tmp_path], 1 << 62))
        with pytest.raises(NoSpaceError):
            receive_now(reception, incoming(1))
        with pytest.raises(NoSpaceError):
            await receive_soon(reception, incoming(1))
