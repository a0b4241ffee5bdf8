"""Pairing: studies that wait for their report or their films, for an engine that reads both.

A wait is a row. It begins when such an engine first meets a study that has one of the two; it is over when its time has
run out, and the study is read as it is; it goes when the partner comes, however late, and the study is read anew. An
engine that reads no films lets nothing wait: no row is ever made.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from ingest.ledger.requeue import requeue_studies
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.database import Ledger, insert, now
from ingest.ledger.storage.tables import pairing_waits

FEEDS = frozenset({"hl7", "fhir", "dicom"})
"""Formats of feeds in which a report and its films come apart. Imported texts have no films to wait for."""

PAIRED = "paired"
REPORT_ONLY = "report_only"
IMAGE_ONLY = "image_only"
WAITING_FOR_IMAGE = "waiting_for_image"
WAITING_FOR_REPORT = "waiting_for_report"


def state_of(*, reports: bool, images: bool, waits: bool) -> str:
    """The pairing of a study that has reports, has images. One with neither was announced, and waits for its report."""
    if reports and images:
        return PAIRED
    if reports:
        return WAITING_FOR_IMAGE if waits else REPORT_ONLY
    return IMAGE_ONLY if images and not waits else WAITING_FOR_REPORT


def note(ledger: Ledger, begun: Mapping[str, datetime], ended: Collection[str]) -> None:
    """Begin the waits of these studies, until these times, unless they have begun; end those of others."""
    if not begun and not ended:
        return
    with ledger.write() as connection:
        for chunk in chunks(sorted(ended)):
            connection.execute(delete(pairing_waits).where(pairing_waits.c.study_key.in_(chunk)))
        rows = [{"study_key": key, "until": until, "over": False} for key, until in sorted(begun.items())]
        if rows:
            connection.execute(insert(connection, pairing_waits).on_conflict_do_nothing(), rows)


def end_due(ledger: Ledger) -> list[str]:
    """End the waits whose time has run out, and have their studies read as they are. Returns these studies."""
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
    """Those of these studies that have a wait, and whether it is over."""
    columns = pairing_waits.c.study_key, pairing_waits.c.over
    return {
        row.study_key: row.over
        for chunk in chunks(sorted(study_keys))
        for row in connection.execute(select(*columns).where(pairing_waits.c.study_key.in_(chunk)))
    }
