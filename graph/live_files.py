"""The live graph as files: those of a research copy with what copies must not have, and what the loader can't write."""

from dataclasses import replace
from typing import LiteralString

from neo4j import Driver

from graph.bulk.tables import Table, columns, loader_arguments
from graph.connection import outages
from graph.research.dictionary import NODES, RELATIONSHIPS

SEPARATOR = "\x1f"
"""Between the members of an array: a control character, which no code contains."""

_LIVE = {
    "studies.csv": columns(("accession", "the pseudonym of the accession number")),
    "reports.csv": columns(("textDigest", "SHA-256 of the text"), ("text", "only with VLMKG_GRAPH_TEXT")),
    "images.csv": columns(("digest", "SHA-256 of the film's pixels")),
    "extractions.csv": columns(("createdAt:datetime", "when it was read")),
}

TABLES: tuple[Table, ...] = (
    *(replace(table, columns=(*table.columns, *_LIVE.get(table.file, ()))) for table in NODES),
    *RELATIONSHIPS,
)

ARGUMENTS = (f"--array-delimiter=U+{ord(SEPARATOR):04X}", "--multiline-fields=true", *loader_arguments(TABLES))
"""The arguments of `neo4j-admin database import full` for these files."""

EMPTY_ARRAYS: tuple[LiteralString, ...] = (
    """
    MATCH (f:Finding) WHERE f.placeCodes IS NULL
    CALL (f) { SET f.placeCodes = [] } IN TRANSACTIONS OF 10000 ROWS
    """,
    """
    MATCH (e:Extraction) WHERE e.warnings IS NULL
    CALL (e) { SET e.warnings = [] } IN TRANSACTIONS OF 10000 ROWS
    """,
)
"""The loader can't tell an empty array from none. These are the arrays that the merge writes empty."""


def complete(driver: Driver, database: str) -> None:
    """Add what the loader can't. Raises GraphUnavailableError."""
    with outages(), driver.session(database=database) as session:
        for statement in EMPTY_ARRAYS:
            session.run(statement).consume()
