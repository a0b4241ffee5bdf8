"""Workers and a graph in miniature: they do with a ledger what the real ones do, without engine and Neo4j."""

from datetime import timedelta

from sqlalchemy import update

from ingest.ledger import study_facts
from ingest.ledger.events import claims, events
from ingest.ledger.events.claims import Claim
from ingest.ledger.readings import extractions
from ingest.ledger.readings.extractions import StudyReading
from ingest.ledger.states import ATTEMPTS, DeadReason, Stage, State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.storage.tables import events as events_table
from ingest.ledger.studies import graph_outbox
from ingest.ledger.study_facts import LedgerExtraction, LedgerStudy
from tests.ingest.ledger.builders import DAY
from vlmkg.identity import digest

LEASE = timedelta(minutes=1)
EXPIRED = timedelta(minutes=-1)

Graph = dict[str, LedgerStudy]


def reading_of(study: LedgerStudy, engine_digest: str = "e") -> StudyReading:
    """What an engine could read of a study: nothing much, but under the right identity."""
    reads = tuple(sorted(report.report_key for report in study.reports if report.current))
    extraction_id = digest(study.study_key, *reads, engine_digest)
    extraction = LedgerExtraction(
        extraction_id, study.study_key, "rules", None, engine_digest, reads, ("text",), False, DAY, "{}"
    )
    return StudyReading(study.input_digest, extraction)


def extract(ledger: Ledger, *, crash: bool = False) -> int:
    """Extract one event. A crash leaves its claim to expire."""
    taken = claims.claim(ledger, Stage.EXTRACT, "extractor", limit=1, lease=EXPIRED if crash else LEASE)
    for claim in taken:
        if not crash:
            assert claims.complete_extract(ledger, [(claim, read(ledger, claim))])
    return len(taken)


def read(ledger: Ledger, claim: Claim) -> list[StudyReading]:
    """Read the studies of a claimed event."""
    with ledger.read() as connection:
        keys = events.study_keys(connection, (claim.event_id,))[claim.event_id]
        return [reading_of(study) for study in study_facts.load_many(connection, keys).values()]


def merge(ledger: Ledger, graph: Graph, *, limit: int = 3, crash: str = "") -> int:
    """Merge up to `limit` events, or what is left over. A crash comes `before` or `after` the graph's commit."""
    taken = claims.claim(ledger, Stage.MERGE, "merger", limit=limit, lease=EXPIRED if crash else LEASE)
    if crash == "before":
        return len(taken)
    with ledger.read() as connection:
        plan = graph_outbox.plan(connection, [claim.event_id for claim in taken])
        found = study_facts.load_many(connection, plan.study_keys)
    for key in plan.study_keys:
        graph.pop(key, None)
    graph |= found
    require_one_study_a_report(graph)
    if not crash:
        claims.complete_merge(ledger, taken, plan.changes)
    return len(taken) + len(plan.changes)


def require_one_study_a_report(graph: Graph) -> None:
    """Fail where a report hangs on two studies at once, as Neo4j's constraint would."""
    keys = [report.report_key for study in graph.values() for report in study.reports]
    assert len(keys) == len(set(keys))


def kill(ledger: Ledger, event_id: int) -> None:
    """Have an event fail in extract until it is dead."""
    for _ in range(ATTEMPTS):
        taken = claims.claim(ledger, Stage.EXTRACT, "extractor", limit=1, lease=LEASE, event_id=event_id)
        claims.fail(ledger, taken, DeadReason.EXTRACT_FAILED, "the engine stumbled")


def kill_again(ledger: Ledger, event_id: int) -> None:
    """The same of one that had been merged: it was replayed, and failed."""
    with ledger.write() as connection:
        connection.execute(update(events_table).where(events_table.c.id == event_id).values(state=State.QUEUED))
    kill(ledger, event_id)


def drain(ledger: Ledger, graph: Graph) -> None:
    """Work until nothing is left to do."""
    while claims.recover_expired(ledger) or extract(ledger) or merge(ledger, graph):
        pass
    with ledger.read() as connection:
        assert not graph_outbox.waiting(connection)


def reject(study: LedgerStudy, reason: str) -> StudyReading:
    """A reading with one refused triplet."""
    made = reading_of(study)
    triplet = extractions.RejectedTriplet(
        reason, "opacity", "modify", "lung", "no such pair", study.reports[0].report_key
    )
    return StudyReading(made.input_digest, made.extraction, (triplet,))
