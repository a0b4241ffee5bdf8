"""The number of events and of selected readings with each warning."""

from collections import Counter

from sqlalchemy import Connection, func, select

from ingest.ledger.storage.tables import events, extractions, study_extractions


def warning_counts(connection: Connection) -> dict[str, int]:
    """Numbers of events and selected readings per warning, the most frequent first."""
    standing = extractions.join(study_extractions, study_extractions.c.extraction_id == extractions.c.extraction_id)
    statements = (
        select(events.c.warnings, func.count()).where(events.c.warnings != ()).group_by(events.c.warnings),
        select(extractions.c.warnings, func.count())
        .select_from(standing)
        .where(extractions.c.warnings != ())
        .group_by(extractions.c.warnings),
    )
    found: Counter[str] = Counter()
    for statement in statements:
        for warnings, number in connection.execute(statement):
            found.update(dict.fromkeys(warnings, number))
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
