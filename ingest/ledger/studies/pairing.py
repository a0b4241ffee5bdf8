"""Pairing: studies that wait for their report or their films, for an engine that reads both.

A wait is a row. It begins when such an engine first gets a study with only one of the two. When its time is over, the
study is read as it is. When the partner arrives, however late, the row is deleted and the study is read again. An
engine that reads no films never waits.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from ingest.ledger.requeue import requeue_studies
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.database import Ledger, insert, now
from ingest.ledger.storage.tables import pairing_waits

FEEDS = frozenset({"hl7", "fhir", "dicom"})
"""Formats in which report and films arrive separately. Imported texts have no films to wait for."""

PAIRED = "paired"
REPORT_ONLY = "report_only"
IMAGE_ONLY = "image_only"
WAITING_FOR_IMAGE = "waiting_for_image"
WAITING_FOR_REPORT = "waiting_for_report"


def state_of(*, reports: bool, images: bool, waits: bool) -> str:
    """The pairing of a study with or without reports and images.

    With neither it was announced, and waits for its report.
    """
    if reports and images:
        return PAIRED
    if reports:
        return WAITING_FOR_IMAGE if waits else REPORT_ONLY
    return IMAGE_ONLY if images and not waits else WAITING_FOR_REPORT


def note(ledger: Ledger, begun: Mapping[str, datetime], ended: Collection[str]) -> None:
    """Begin the waits of these studies, until these times, unless they have begun.

    Delete those of the other studies.
    """
    if not begun and not ended:
        return
    with ledger.write() as connection:
        for chunk in chunks(sorted(ended)):
            connection.execute(delete(pairing_waits).where(pairing_waits.c.study_key.in_(chunk)))
        rows = [{"study_key": key, "until": until, "over": False} for key, until in sorted(begun.items())]
        if rows:
            connection.execute(insert(connection, pairing_waits).on_conflict_do_nothing(), rows)


def end_due(ledger: Ledger) -> list[str]:
    """End the waits whose time is over, and requeue their studies. Returns these studies."""
    due = select(pairing_waits.c.study_key).where(~pairing_waits.c.over)
    with ledger.read() as connection:
        if connection.execute(due.where(pairing_waits.c.until <= now(connection)).limit(1)).first() is None:
            return []
    with ledger.write() as connection:
        keys = list(connection.execute(due.where(pairing_waits.c.until <= now(connection))).scalars())
        for chunk in chunks(sorted(keys)):
            connection.execute(update(pairing_waits).where(pairing_waits.c.study_key.in_(chunk)).values(over=True))
        requeue_studies(connection, keys)
        return keys


def waits_of(connection: Connection, study_keys: Collection[str]) -> dict[str, bool]:
    """Which of these studies have a wait, and whether it is over."""
    columns = pairing_waits.c.study_key, pairing_waits.c.over
    return {
        row.study_key: row.over
        for chunk in chunks(sorted(study_keys))
        for row in connection.execute(select(*columns).where(pairing_waits.c.study_key.in_(chunk)))
    }
