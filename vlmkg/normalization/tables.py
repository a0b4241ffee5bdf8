"""The normaliser's own tables, by name. Their rows are part of a reading's identity."""

from enum import StrEnum
from functools import cache
from pathlib import Path

from vlmkg.vocabulary.loader import rows

DATA = Path(__file__).parent / "data"


class Table(StrEnum):
    """The file of each table in `data`."""

    DEGREES = "degrees.csv"
    IMPLIED = "implied.csv"
    NAMED_PARTS = "named_parts.csv"
    REGIONS = "regions.csv"
    WORDS = "words.csv"


@cache
def table(name: Table) -> list[dict[str, str]]:
    """The rows of a table, read once per process. Raises FileNotFoundError if its file is missing."""
    return rows(DATA / name.value)


def all_tables() -> dict[str, list[dict[str, str]]]:
    """The rows of every table, by file name."""
    return {name.value: table(name) for name in Table}
