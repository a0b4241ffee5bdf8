"""Text that was not read: counted for each extraction, and shown beside its events."""

from datetime import timedelta

from ingest.ledger import unread_totals
from ingest.ledger.events import events
from ingest.ledger.readings import extractions
from ingest.ledger.unread_totals import UnreadTexts
from ingest.receiving.submit import Receiver, receive_many
from ingest.workers.extract import extract_some
from ingest.workers.study_reader import reader_of
from tests.ingest.workers.engines import rules
from tests.ingest.workers.messages import hl7

LEASE = timedelta(seconds=30)
CLEAR = "FINDINGS: Clear lungs."
ASIDE = "INDICATION: Cough.\nFINDINGS: Clear lungs."
HIDDEN = "TECHNIQUE: AP. Small left pneumothorax.\nFINDINGS: Clear lungs."
GERMAN = "Kein Erguss. Kein Pneumothorax."


def test_counts_and_warnings_of_what_was_not_read(receiver: Receiver) -> None:
    texts = {"a": CLEAR, "b": ASIDE, "c": HIDDEN, "d": GERMAN}
    receive_many(receiver, [hl7(key, text) for key, text in texts.items()])
    reader = reader_of(rules())
    while extract_some(receiver.ledger, reader, "me", LEASE):
        pass
    with receiver.ledger.read() as connection:
        assert unread_totals.total(connection) == UnreadTexts(
            reports=4,
            reports_set_aside=3,
            characters=sum(len(text.replace("\n", " ")) for text in texts.values()),
            characters_set_aside=len("Cough.\n") + len("AP. Small left pneumothorax.\n") + len(GERMAN),
            findings_set_aside=1,
            nothing_read=1,
            other_language=1,
        )
        found = events.list_events(connection, limit=10)
        warned = extractions.warnings_of(connection, [event.id for event in found])
    assert [warned[event.id] for event in reversed(found)] == [
        (),
        (),
        ("text_set_aside",),
        ("language", "nothing_read"),
    ]


def test_what_is_read_once_is_counted_once(receiver: Receiver) -> None:
    reader = reader_of(rules())
    for _ in range(2):
        receive_many(receiver, [hl7("a", ASIDE)])
        while extract_some(receiver.ledger, reader, "me", LEASE):
            pass
    with receiver.ledger.read() as connection:
        assert unread_totals.total(connection).reports == 1
