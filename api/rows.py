"""Rows of the graph as GraphQL objects. A row is a dictionary; the types in this package only say what stands in it."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import strawberry
from strawberry.utils.str_converters import to_camel_case

from api import cursors
from api.context import ApiContext
from api.cursors import Listed

Row = dict[str, Any]
Info = strawberry.Info[ApiContext, None]

_camel = cache(to_camel_case)


def value_of(row: Row, name: str) -> Any:
    """Strawberry's default resolver: a plain value stands under its GraphQL name."""
    return row[_camel(name)]


def nested_value(row: Row, info: Info) -> Any:
    """What stands under the key that the field was asked for with (api.selection.Keys)."""
    return row[info.context.keys.by_node[id(info._raw_info.field_nodes[0])]]


def _nested(root: strawberry.Parent[Row], info: Info):  # type: ignore[no-untyped-def]
    return nested_value(root, info)


def nested(description: str) -> Any:
    """A field whose object, or list of objects, the graph brought along."""
    return strawberry.field(resolver=_nested, description=description)


def connection(listed: Listed, rows: list[Row], first: int, after: str | None, total: int | None) -> Any:
    """A relay connection of rows `{key, node}`, one more than `first` where there are further ones."""
    edges = [{"cursor": cursors.encode(listed, row["key"]), "node": row["node"]} for row in rows[:first]]
    return {
        "edges": edges,
        "totalCount": total,
        "pageInfo": {
            "hasNextPage": len(rows) > first,
            "hasPreviousPage": after is not None,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def nested_connection(listed: Listed, row: Row, info: Info, first: int, after: str | None) -> Any:
    """The connection of a page that the graph brought along with its owner."""
    found = cast("Mapping[str, Any]", nested_value(row, info))
    return connection(listed, found["rows"], first, after, found["total"])
