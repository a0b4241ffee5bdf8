"""Many rows and many keys in one statement that is always the same text: made once, prepared once by the database.

SQLAlchemy makes the parameters of each row anew, and an IN list of another length is another statement: both cost more
than the database's own work. Here a row is a tuple, and a list is one parameter.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Dialect, Insert, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeDecorator

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement's text, and the columns of its parameters in order, each with what prepares a value for it."""

    sql: str
    columns: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    positional: bool

    def parameters(self, row: Row) -> Any:
        if self.positional:
            return tuple(row[name] if bind is None else bind(row[name]) for name, bind in self.columns)
        return {name: row[name] if bind is None else bind(row[name]) for name, bind in self.columns}


class BulkInsert:
    """An INSERT of rows that all fill the same columns: `columns`, or all of its table but those named in `without`."""

    def __init__(self, statements: Mapping[str, Insert], without: Sequence[str] = ()) -> None:
        self._statements = statements
        self._without = without
        self._prepared: dict[str, _Prepared] = {}

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert the rows."""
        if not rows:
            return
        name = connection.dialect.name
        prepared = self._prepared.get(name)
        if prepared is None:
            prepared = self._prepared[name] = _prepare(self._statements[name], self._without, connection.dialect)
        connection.exec_driver_sql(prepared.sql, [prepared.parameters(row) for row in rows])


def _prepare(statement: Insert, without: Sequence[str], dialect: Dialect) -> _Prepared:
    columns = {column.name: column for column in statement.table.columns if column.name not in without}
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    order = compiled.positiontup or list(columns)
    binds = tuple((name, columns[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in order)
    return _Prepared(str(compiled), binds, positional=compiled.positiontup is not None)


class JsonList(TypeDecorator[list[Any]]):
    """A list of strings or numbers as one JSON parameter."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> str | None:
        """To JSON."""
        del dialect
        return json.dumps(value)


def among(column: Column[Any]) -> dict[str, ColumnElement[bool]]:
    """By database: whether the column is one of the list in the parameter `wanted`."""
    values = func.json_each(bindparam("wanted", type_=JsonList())).table_valued("value")
    listed = bindparam("wanted", type_=ARRAY(type(column.type)))
    return {"sqlite": column.in_(select(values.c.value)), "postgresql": column == any_(listed)}
