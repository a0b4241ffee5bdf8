"""Corrections that name another patient: the patient of a report if messages with its report id name several.

A report id should be unique within its sender, but hospitals reuse ids: two patients under one id are two reports.
Exception: if one patient's report begins with a correction, it corrects the other patient's report, which is withdrawn
from that patient. The latest of several corrections counts. If the reports of several patients could be meant, or the
studies' UIDs show that the reports differ, nothing is withdrawn.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, false, func, select

from ingest.event_warnings import EventWarning
from ingest.ledger.storage.bulk import BulkSelect
from ingest.ledger.storage.tables import events, report_texts, sightings
from ingest.ledger.studies.precedence import Precedence, precedence

CORRECTED = "C"

MOVED = EventWarning.REPORT_OF_OTHER_PATIENT
"""Warning of an event whose report a correction has moved from another patient, or back."""

SHARED = EventWarning.REPORT_ID_OF_OTHER_PATIENT
"""Warning of an event whose report id is also used for another patient's report, which is kept."""


@dataclass(frozen=True, slots=True)
class ReportWord:
    """What one message states about a report: its patient, study and status."""

    report_id: str
    patient_id: str
    item_key: str
    study_key: str
    study_uid: str | None
    status: str
    addendum: bool
    precedence: Precedence


def given_up(words: Iterable[ReportWord]) -> set[str]:
    """The items (reports within a patient) that are withdrawn from their patient. `words`: all of each report id."""
    return {item for said in _by_report(words).values() for item in _given_up(said)}


def of_reports(connection: Connection, report_ids: Collection[str]) -> list[ReportWord]:
    """All statements under these report ids, without repeats (studies.repeats)."""
    return [_word(row) for row in _WORDS.rows(connection, report_ids)]


def of_several(connection: Connection, report_ids: Collection[str]) -> list[ReportWord]:
    """The same, only for report ids of several patients."""
    shared = [row.report_id for row in _SHARED.rows(connection, report_ids)]
    return of_reports(connection, shared) if shared else []


def _by_report(words: Iterable[ReportWord]) -> Mapping[str, list[ReportWord]]:
    found: dict[str, list[ReportWord]] = defaultdict(list)
    for word in words:
        found[word.report_id].append(word)
    return found


def _given_up(words: Sequence[ReportWord]) -> set[str]:
    items: dict[str, list[ReportWord]] = defaultdict(list)
    for word in words:
        items[word.item_key].append(word)
    takers = {item for item, said in items.items() if _begins_corrected(said)}
    if not takers or len(items) == 1:
        return set()
    winner = max((word.precedence, word.item_key) for word in words if word.status == CORRECTED)[1]
    others = {item for item, said in items.items() if item != winner and not _are_apart(said, items[winner])}
    # With several earlier reports, the corrected one can't be known.
    return others if len((others | {winner}) - takers) <= 1 else set()


def _begins_corrected(said: Iterable[ReportWord]) -> bool:
    """Whether the patient's report begins with a correction."""
    bodies = {word.status for word in said if not word.addendum}
    return CORRECTED in bodies and not bodies & {"P", "F"}


def _are_apart(one: Iterable[ReportWord], other: Iterable[ReportWord]) -> bool:
    """Whether the UIDs show that two reports are of different studies."""
    uids = [{word.study_uid for word in said if word.study_uid} for said in (one, other)]
    return bool(uids[0] and uids[1]) and uids[0].isdisjoint(uids[1])


_SHARED = BulkSelect(
    select(sightings.c.report_id)
    .where(sightings.c.repeats.is_(false()))
    .group_by(sightings.c.report_id)
    .having(func.min(sightings.c.patient_id) < func.max(sightings.c.patient_id)),
    sightings.c.report_id,
)
_WORDS = BulkSelect(
    select(
        sightings.c.report_id,
        sightings.c.patient_id,
        sightings.c.item_key,
        sightings.c.study_key,
        sightings.c.study_uid,
        sightings.c.status,
        sightings.c.addendum,
        sightings.c.issued_at,
        events.c.message_time,
        events.c.digest,
        report_texts.c.text_digest,
    )
    .join(events, events.c.id == sightings.c.event_id)
    .join(report_texts, report_texts.c.report_key == sightings.c.report_key)
    .where(sightings.c.repeats.is_(false())),
    sightings.c.report_id,
)


def _word(row: Any) -> ReportWord:
    return ReportWord(
        row.report_id,
        row.patient_id,
        row.item_key,
        row.study_key,
        row.study_uid,
        row.status,
        row.addendum,
        precedence(row.status, row.issued_at, row.message_time, row.text_digest, row.digest),
    )
