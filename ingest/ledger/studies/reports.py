"""Report texts by key, for the API: the graph has only the text of mentions."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.tables import report_texts


def texts(connection: Connection, report_keys: Sequence[str]) -> dict[str, str]:
    """The texts of these report versions. Unknown keys are absent."""
    return {
        row.report_key: row.text
        for chunk in chunks(sorted(set(report_keys)))
        for row in connection.execute(
            select(report_texts.c.report_key, report_texts.c.text).where(report_texts.c.report_key.in_(chunk))
        )
    }
