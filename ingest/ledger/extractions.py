"""Results of extractions: the first committed one of an identity is kept, and reused by every retry and rebuild."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ingest.ledger.studies import LedgerExtraction


@dataclass(frozen=True, slots=True)
class RejectedTriplet:
    """A triplet that was read and refused. `report_key` is None for one read from an image."""

    reason: str
    head: str
    relation: str
    tail: str
    detail: str = ""
    report_key: str | None = None


@dataclass(frozen=True, slots=True)
class StudyReading:
    """What an extract brings for one study: the extraction that stands for these inputs, and what it refused.

    `extraction` may be one that the ledger has already (`find`): then the selection alone is new.
    """

    input_digest: str
    extraction: LedgerExtraction
    rejections: tuple[RejectedTriplet, ...] = ()


@dataclass(frozen=True, slots=True)
class RejectionRow:
    """A rejected triplet in the ledger, with the extraction and the study that it belongs to."""

    id: int
    extraction_id: str
    study_key: str
    triplet: RejectedTriplet


def find(connection: Connection, extraction_ids: Sequence[str]) -> dict[str, LedgerExtraction]:
    """The committed extractions among these ids."""
    raise NotImplementedError


def commit(connection: Connection, readings: Sequence[StudyReading]) -> None:
    """Keep each extraction unless its identity is there already, and select it for its study and inputs.

    Called by claims.complete_extract under the claim's fence.
    """
    raise NotImplementedError


def rejections(
    connection: Connection, *, reason: str | None = None, limit: int, before: int | None = None
) -> list[RejectionRow]:
    """Rejected triplets, the newest first, at most `limit`, with ids below `before`."""
    raise NotImplementedError


def rejections_by_reason(connection: Connection) -> dict[str, int]:
    """How many triplets were rejected, by reason."""
    raise NotImplementedError
