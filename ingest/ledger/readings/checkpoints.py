"""Engines in the ledger: their readings, which of these are selected, and selecting another engine's readings.

Readings are kept permanently (extractions.py). Promoting or rolling back a checkpoint selects its readings for the
studies; the graph then follows by the same projection as for every other change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from ingest.ledger import study_facts
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.database import insert, now
from ingest.ledger.storage.tables import extractions, properties, study_extractions, study_readings
from ingest.ledger.studies import graph_outbox
from ingest.ledger.study_facts import LedgerExtraction, extraction_of
from vlmkg.errors import UsageError

_BEFORE = "engine_before_selection"
_SHORTEST_DIGEST = 6


@dataclass(frozen=True, slots=True)
class EngineUse:
    """One engine, with the number of studies it has read and the number for which its reading is selected.

    `engine_digest` identifies the engine; a checkpoint has several if rules or vocabulary changed.
    """

    engine: str
    checkpoint: str | None
    checkpoint_digest: str | None
    engine_digest: str
    read: int
    selected: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """One study in its present state, read by two engines."""

    study_key: str
    patient_id: str
    before: LedgerExtraction
    after: LedgerExtraction


def engines(connection: Connection) -> list[EngineUse]:
    """All engines with readings, latest first."""
    chosen = study_extractions.c.extraction_id == extractions.c.extraction_id
    columns = (
        extractions.c.engine,
        extractions.c.checkpoint,
        extractions.c.checkpoint_digest,
        extractions.c.engine_digest,
    )
    statement = (
        select(
            *columns,
            func.count(extractions.c.study_key.distinct()).label("read"),
            func.count(study_extractions.c.study_key.distinct()).label("selected"),
            func.max(extractions.c.created_at).label("last_at"),
        )
        .outerjoin(study_extractions, chosen)
        .group_by(*columns)
    )
    found = [EngineUse(**row._mapping) for row in connection.execute(statement)]
    return sorted(found, key=lambda use: (use.last_at, use.engine_digest), reverse=True)


def find_engine(connection: Connection, name: str) -> EngineUse:
    """The latest engine with this name: `rules`, a checkpoint's name, or the beginning of a digest.

    Raises UsageError if there is none, or several checkpoints have the name.
    """
    known = engines(connection)
    found = [use for use in known if _is_called(use, name)]
    if not found:
        names = ", ".join(dict.fromkeys(use.checkpoint or use.engine for use in known)) or "nobody yet"
        raise UsageError(f"this ledger has no readings of an engine {name!r}", f"its engines: {names}")
    if len({use.checkpoint_digest for use in found}) > 1:
        digests = ", ".join(use.checkpoint_digest[:12] for use in found if use.checkpoint_digest)
        raise UsageError(f"several checkpoints have the name {name!r}", f"choose one by its digest: {digests}")
    return found[0]


def pairs(connection: Connection, before: EngineUse, after: EngineUse) -> Iterator[Pair]:
    """Readings of two engines of the same studies in their present state (current reports, images), by study key."""
    for chunk in chunks(_read_by_both(connection, before, after)):
        found = study_facts.load_many(connection, chunk)
        first, second = (_readings(connection, use, chunk) for use in (before, after))
        for key, study in sorted(found.items()):
            inputs = (key, study.input_digest)
            if inputs in first and inputs in second:
                yield Pair(key, study.patient.patient_id, first[inputs], second[inputs])


def select_engine(connection: Connection, use: EngineUse) -> int:
    """Select this engine's readings wherever it has any, and mark the studies for the graph. Returns their number.

    Studies that it has not read, or with other inputs, keep their readings.
    """
    standing = _standing(connection)
    changed = 0
    readings = study_readings.join(extractions, extractions.c.extraction_id == study_readings.c.extraction_id)
    made = select(study_readings).select_from(readings).where(extractions.c.engine_digest == use.engine_digest)
    rows = [dict(row._mapping) for row in connection.execute(made)]
    for chunk in chunks(sorted(rows, key=lambda row: (row["study_key"], row["input_digest"]))):
        changed += _select(connection, chunk)
    if changed and standing not in {None, use.engine_digest}:
        _remember(connection, standing or "")
    return changed


def engine_before(connection: Connection) -> EngineUse:
    """The engine whose readings were selected before the last selection. Raises UsageError if there was none."""
    statement = select(properties.c.value).where(properties.c.name == _BEFORE)
    digest = connection.execute(statement).scalar_one_or_none()
    if digest is None:
        raise UsageError("there is no earlier selection to go back to", "see: vlmkg checkpoint readings")
    return find_engine(connection, digest)


def _is_called(use: EngineUse, name: str) -> bool:
    if name in {use.checkpoint, use.engine if use.checkpoint is None else None}:
        return True
    digests = (use.engine_digest, use.checkpoint_digest or "")
    return len(name) >= _SHORTEST_DIGEST and any(digest.startswith(name) for digest in digests)


def _read_by_both(connection: Connection, before: EngineUse, after: EngineUse) -> list[str]:
    def read(use: EngineUse) -> set[str]:
        statement = select(extractions.c.study_key).where(extractions.c.engine_digest == use.engine_digest)
        return set(connection.execute(statement).scalars())

    return sorted(read(before) & read(after))


def _readings(connection: Connection, use: EngineUse, study_keys: list[str]) -> dict[tuple[str, str], LedgerExtraction]:
    statement = (
        select(study_readings.c.input_digest, extractions)
        .join(extractions, extractions.c.extraction_id == study_readings.c.extraction_id)
        .where(extractions.c.engine_digest == use.engine_digest, study_readings.c.study_key.in_(study_keys))
    )
    return {(row.study_key, row.input_digest): extraction_of(row) for row in connection.execute(statement)}


def _standing(connection: Connection) -> str | None:
    """The engine whose readings are selected for the most studies."""
    statement = (
        select(extractions.c.engine_digest)
        .join(study_extractions, study_extractions.c.extraction_id == extractions.c.extraction_id)
        .group_by(extractions.c.engine_digest)
        .order_by(func.count().desc(), extractions.c.engine_digest)
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()


def _select(connection: Connection, rows: list[dict[str, str]]) -> int:
    """Select these readings. Returns the number of studies whose reading changed."""
    fresh = insert(connection, study_extractions)
    statement = fresh.on_conflict_do_update(
        index_elements=["study_key", "input_digest"],
        set_={"extraction_id": fresh.excluded.extraction_id, "selected_at": fresh.excluded.selected_at},
        where=study_extractions.c.extraction_id != fresh.excluded.extraction_id,
    ).returning(study_extractions.c.study_key)
    at = now(connection)
    changed = set(connection.execute(statement, [row | {"selected_at": at} for row in rows]).scalars())
    graph_outbox.mark_studies(connection, changed)
    return len(changed)


def _remember(connection: Connection, digest: str) -> None:
    connection.execute(delete(properties).where(properties.c.name == _BEFORE))
    connection.execute(properties.insert(), {"name": _BEFORE, "value": digest})
