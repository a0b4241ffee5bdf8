"""The amount of report text that was not read: stored per extraction, summed for operators."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from sqlalchemy import Connection, func, select

from ingest.ledger.storage.tables import unread_texts


@dataclass(frozen=True, slots=True)
class UnreadTexts:
    """Counts over reports. Characters are code points; headings count as read.

    `findings_set_aside`, `nothing_read` and `other_language` are reports with the warnings `text_set_aside`,
    `nothing_read` and `language`.
    """

    reports: int = 0
    reports_set_aside: int = 0
    characters: int = 0
    characters_set_aside: int = 0
    findings_set_aside: int = 0
    nothing_read: int = 0
    other_language: int = 0


def keep(connection: Connection, by_extraction: Mapping[str, UnreadTexts]) -> None:
    """Store the counts of these extractions, which have none yet."""
    rows = [{"extraction_id": identity} | asdict(one) for identity, one in sorted(by_extraction.items())]
    if rows:
        connection.execute(unread_texts.insert(), rows)


def total(connection: Connection) -> UnreadTexts:
    """The counts of all extractions together."""
    names = [field.name for field in fields(UnreadTexts)]
    row = connection.execute(select(*(func.coalesce(func.sum(unread_texts.c[name]), 0) for name in names))).one()
    return UnreadTexts(*map(int, row))
