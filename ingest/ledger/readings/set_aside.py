"""The stretches of reports that a stored reading set aside."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.tables import extractions
from vlmkg.report_parts import SetAside


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is wanted of a stored reading (ingest.projection.stored_readings); its other fields are skipped."""

    set_aside: tuple[SetAside, ...] | None = None


_ADAPTER = TypeAdapter(dict[str, _Stored])


def stretches(connection: Connection, extraction_ids: Sequence[str]) -> dict[tuple[str, str], tuple[SetAside, ...]]:
    """The stretches set aside, by extraction id and reportKey. Readings that were stored without them are absent."""
    statement = select(extractions.c.extraction_id, extractions.c.result)
    return {
        (row.extraction_id, report_key): reading.set_aside
        for chunk in chunks(sorted(set(extraction_ids)))
        for row in connection.execute(statement.where(extractions.c.extraction_id.in_(chunk)))
        for report_key, reading in _ADAPTER.validate_json(row.result).items()
        if reading.set_aside is not None
    }
