"""The extract stage: events are claimed in groups, their studies' current reports read, the readings committed."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

from ingest.isolation import isolate
from ingest.ledger import study_facts
from ingest.ledger.events import claims, events
from ingest.ledger.events.claims import Claim
from ingest.ledger.readings import extractions
from ingest.ledger.states import DeadReason, Stage
from ingest.ledger.storage.database import Ledger, now
from ingest.ledger.studies import pairing
from ingest.ledger.study_facts import LedgerStudy
from ingest.workers.lease_renewal import kept
from ingest.workers.shared_lock import SharedLock
from ingest.workers.study_reader import Reader, extraction_id, read_studies

GROUP = 32
"""Events per group: enough to make claiming cheap, few enough to lose little in a crash."""


GROUP_WITH_FILMS = 4
"""The same if their films are read, too: a film is 10 to 30 MB."""


def extract_some(ledger: Ledger, reader: Reader, owner: str, lease: timedelta) -> list[int]:
    """Claim a group of events, or one that must be processed alone, and read their studies. Returns their ids.

    If an event alone makes the engine fail, one attempt is counted. Raises OutageError, after releasing the claims, if
    the ledger does not respond.
    """
    held = claims.claim(ledger, Stage.EXTRACT, owner, limit=_group(reader), lease=lease)
    return _work(ledger, reader, held, lease)


def extract_beside_others(
    ledger: Ledger, reader: Reader, owner: str, lease: timedelta, shared_lock: SharedLock
) -> list[int]:
    """As `extract_some`, for one of several threads of a process.

    A crash hits all of them, so an event counts as alone only under the exclusive lock.
    """
    alone = claims.next_is_alone(ledger, Stage.EXTRACT)
    with shared_lock.exclusive() if alone else shared_lock.shared():
        held = claims.claim(ledger, Stage.EXTRACT, owner, limit=_group(reader), lease=lease, alone=alone)
        return _work(ledger, reader, held, lease)


def _group(reader: Reader) -> int:
    return GROUP_WITH_FILMS if reader.films else GROUP


def _work(ledger: Ledger, reader: Reader, held: Sequence[Claim], lease: timedelta) -> list[int]:
    if not held:
        return []
    with kept(ledger, held, lease):
        faults = isolate(held, partial(_extract, ledger, reader))
        for fault in faults:
            claims.fail(ledger, [fault.item], DeadReason.EXTRACT_FAILED, fault.where, alone=True)
    return [claim.event_id for claim in held]


def _extract(ledger: Ledger, reader: Reader, held: Sequence[Claim]) -> None:
    """Read the studies of these events and commit in one transaction."""
    with ledger.read() as connection:
        keys = events.study_keys(connection, [claim.event_id for claim in held])
        found = study_facts.load_many(connection, sorted(set(chain.from_iterable(keys.values()))))
        wanted = [identity for study in found.values() if (identity := extraction_id(reader, study))]
        known = extractions.find(connection, sorted(wanted))
        waits = _waits(reader, found.values(), now(connection))
    readings = read_studies(reader, [study for study in found.values() if study.study_key not in waits], known)
    pairing.note(
        ledger, waits, [key for key, study in found.items() if study.pairing == pairing.PAIRED and study.has_wait]
    )
    done = [(claim, [readings[key] for key in keys[claim.event_id] if key in readings]) for claim in held]
    claims.complete_extract(ledger, done)


def _waits(reader: Reader, found: Iterable[LedgerStudy], at: datetime) -> dict[str, datetime]:
    """The studies that wait for their partner, and until when. They are merged without a reading."""
    if reader.films is None:
        return {}
    waits = {study.study_key: _wait_until(study, reader.pairing_wait, at) for study in found}
    return {key: until for key, until in waits.items() if until}


def _wait_until(study: LedgerStudy, wait: timedelta, at: datetime) -> datetime | None:
    """The end of the study's wait for its partner; None if it is read now.

    A study without UID and accession can't have a partner.
    """
    lacks = any(report.current for report in study.reports) != bool(study.images)
    can_meet = study.study_uid is not None or study.accession is not None
    if not lacks or not can_meet or study.fed_at is None or study.waited:
        return None
    until = study.fed_at + wait
    return until if until > at else None
