"""The tables of a graph's files: one for each label and each relationship type."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `header` is what `neo4j-admin database import` reads: name, type, ID space."""

    header: str
    about: str


@dataclass(frozen=True, slots=True)
class Table:
    """One file: the nodes of a label, or the relationships of a type. `label` is empty if a column has it."""

    file: str
    label: str
    about: str
    columns: tuple[Column, ...]

    @property
    def is_nodes(self) -> bool:
        """Whether its rows are nodes."""
        return any(":ID(" in column.header for column in self.columns)


def columns(*pairs: tuple[str, str]) -> tuple[Column, ...]:
    """Columns from their headers and meanings."""
    return tuple(Column(header, about) for header, about in pairs)


def links(file: str, kind: str, start: str, end: str, about: str, *more: tuple[str, str]) -> Table:
    """A table of relationships between nodes of two ID spaces."""
    ends = ((f":START_ID({start})", f"{start}"), (f":END_ID({end})", f"{end}"))
    return Table(file, kind, about, columns(*ends, *more))


def loader_arguments(tables: Iterable[Table]) -> list[str]:
    """The arguments of `neo4j-admin database import full` that name the files, called in their folder."""
    nodes = [table for table in tables if table.is_nodes]
    others = [table for table in tables if not table.is_nodes]
    return [
        *(f"--nodes={table.label + '=' if table.label else ''}{table.file}" for table in nodes),
        *(f"--relationships={table.label}={table.file}" for table in others),
    ]
