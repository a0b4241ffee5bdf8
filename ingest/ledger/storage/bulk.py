"""Write many rows or read many keys with one constant statement, which the database prepares once.

SQLAlchemy processes the parameters of each row, treats an IN list of another length as another statement, and creates
context, events and a result for each execution. All this costs more than the database's own work. Here SQLAlchemy
writes the SQL once and its types convert the values; a row is a tuple, a list is one parameter, and the driver's cursor
executes.
"""

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Insert,
    Select,
    Text,
    Update,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

Row = Mapping[str, Any]

Binds = Sequence[tuple[int, Callable[[Any], Any]]]
"""Positions of values that must be converted, each with its conversion."""

KNOWN_VALUES = 1024
"""Size of the cache of converted values: events of a group share times, and patients share days."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement's text, and its parameters: how to take them from a row, in order, and how to convert them."""

    sql: str
    names: tuple[str, ...]
    pick: Callable[[Row], tuple[Any, ...]]
    binds: Binds
    positional: bool

    def parameters(self, row: Row) -> Any:
        values = self.pick(row)
        if self.binds:
            changed = list(values)
            for place, bind in self.binds:
                changed[place] = bind(changed[place])
            values = tuple(changed)
        return values if self.positional else dict(zip(self.names, values, strict=True))


class BulkWrite:
    """An INSERT or UPDATE of many rows. `columns` are those that each row fills, by the names of the parameters."""

    def __init__(self, statements: Mapping[str, Insert | Update], columns: Mapping[str, ColumnElement[Any]]) -> None:
        self._statements = statements
        self._columns = columns
        self._prepared: dict[str, _Prepared] = {}

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write the rows."""
        if not rows:
            return
        name = connection.dialect.name
        prepared = self._prepared.get(name)
        if prepared is None:
            prepared = self._prepared[name] = _prepare(self._statements[name], self._columns, connection.dialect)
        with _cursor(connection, prepared.sql) as cursor:
            cursor.executemany(prepared.sql, [prepared.parameters(row) for row in rows])


@contextmanager
def _cursor(connection: Connection, sql: str) -> Iterator[Any]:
    """The driver's own cursor, within the connection's transaction: an execution by SQLAlchemy takes ten times as long
    as the database. Raises its DBAPIError, without parameters."""
    errors = connection.dialect.loaded_dbapi.Error
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except errors as error:
        lost = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
        raise DBAPIError.instance(
            sql, None, error, errors, hide_parameters=True, connection_invalidated=lost, dialect=connection.dialect
        ) from error
    finally:
        cursor.close()


def bulk_insert(statements: Mapping[str, Insert], without: Sequence[str] = ()) -> BulkWrite:
    """An INSERT of rows with all columns of the table except those named in `without`."""
    table = next(iter(statements.values())).table
    return BulkWrite(statements, {column.name: column for column in table.c if column.name not in without})


def _prepare(statement: Insert | Update, columns: Mapping[str, ColumnElement[Any]], dialect: Dialect) -> _Prepared:
    keys = list(columns) if isinstance(statement, Insert) else None
    compiled = statement.compile(dialect=dialect, column_keys=keys)
    order = tuple(compiled.positiontup or columns)
    found = ((place, columns[name].type.dialect_impl(dialect)) for place, name in enumerate(order))
    binds = [(place, _remembering(bind)) for place, kind in found if (bind := kind.bind_processor(dialect))]
    pick = itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],)
    return _Prepared(str(compiled), order, pick, binds, positional=compiled.positiontup is not None)


def _remembering(bind: Callable[[Any], Any]) -> Callable[[Any], Any]:
    remembered = lru_cache(KNOWN_VALUES)(bind)
    # Most columns of most rows are None. Bytes are not cached, since they never repeat.
    return lambda value: None if value is None else bind(value) if isinstance(value, bytes) else remembered(value)


class BulkSelect:
    """A SELECT of the rows whose column is among many values, by database."""

    def __init__(self, statement: Select[Any], column: Column[Any]) -> None:
        self._statements = {name: statement.where(condition) for name, condition in among(column).items()}
        self._columns = [(each.key, each.type) for each in statement.selected_columns]
        self._row: Any = namedtuple("Row", [name for name, _ in self._columns])  # type: ignore[misc]
        self._prepared: dict[str, tuple[str, Binds]] = {}

    def rows(self, connection: Connection, wanted: Iterable[Any]) -> Iterator[Any]:
        """The rows, as named tuples. Any number of values, one chunk at a time."""
        name = connection.dialect.name
        sql, results = self._prepared.get(name) or self._prepare(connection.dialect)
        for chunk in chunks(sorted(wanted)):
            parameters = (json.dumps(chunk),) if name == "sqlite" else {"wanted": chunk}
            with _cursor(connection, sql) as cursor:
                cursor.execute(sql, parameters)
                found = cursor.fetchall()
            for row in found:
                values = list(row)
                for place, read in results:
                    values[place] = read(values[place])
                yield self._row(*values)

    def _prepare(self, dialect: Dialect) -> tuple[str, Binds]:
        kinds = ((place, kind.dialect_impl(dialect)) for place, (_, kind) in enumerate(self._columns))
        results = [(place, read) for place, kind in kinds if (read := kind.result_processor(dialect, None))]
        found = self._prepared[dialect.name] = (str(self._statements[dialect.name].compile(dialect=dialect)), results)
        return found


CHUNK = 1000
"""Values in one IN list: well under SQLite's 32,766 and PostgreSQL's 65,535 parameters."""


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """The values, CHUNK at a time."""
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


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
