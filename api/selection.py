"""From an operation's fields to what the graph is asked for."""

from dataclasses import dataclass, field
from typing import Any

import strawberry
from graphql import GraphQLNamedType, is_leaf_type

from api import cursors
from api.cursors import Listed
from api.documents import Document, Field, fields_of
from api.errors import ApiError, Code
from api.inputs import finding_where, study_where
from graph.reads.wanted import MAX_PAGE, Page, Wanted

_BEHIND = {
    ("Finding", "id"): "mentionId",
    ("Patient", "id"): "patientId",
    ("Study", "id"): "studyKey",
    ("Concept", "id"): "code",
    ("Report", "text"): "reportKey",
}
"""What a field that the API works out itself needs from the graph."""

_LISTS = {"findings": Listed.FINDINGS, "studies": Listed.STUDIES}


@dataclass(slots=True)
class Keys:
    """The keys under which nested objects stand in the graph's rows, by the first node of their field.

    They are made up here, so that a client's alias never becomes part of a query.
    """

    by_node: dict[int, str] = field(default_factory=dict)

    def of(self, asked: Field) -> str:
        """The key of a field, the same each time."""
        return self.by_node.setdefault(id(asked.nodes[0]), f"k{len(self.by_node)}")


def root_field(info: strawberry.Info[Any, Any]) -> tuple[Document, Field]:
    """The field that a root resolver answers."""
    raw, document = info._raw_info, info.context.document
    found = fields_of(document, raw.parent_type, [raw.operation.selection_set])
    return document, next(one for one in found if one.nodes[0] is raw.field_nodes[0])


def wanted_of(document: Document, keys: Keys, type_: GraphQLNamedType, asked: Field) -> tuple[Wanted, ...]:
    """What the graph must bring for a field whose objects are of `type_`."""
    return tuple(_wanted(document, keys, type_, one) for one in fields_of(document, type_, asked.selections))


def page_of(document: Document, listed: Listed, asked: Field) -> Page:
    """The page that a connection's arguments ask for. Raises ApiError (BAD_USER_INPUT, BAD_CURSOR)."""
    return Page(
        first=first_of(asked),
        after=cursors.decode(listed, asked.arguments.get("after")),
        total=asks(document, asked, "totalCount"),
    )


def asks(document: Document, asked: Field, name: str) -> bool:
    """Whether a field of that name is selected."""
    return any(one.name == name for one in fields_of(document, asked.type, asked.selections))


def first_of(asked: Field) -> int:
    """The argument `first`, within its bounds."""
    first = asked.arguments["first"]
    if not isinstance(first, int) or not 0 <= first <= MAX_PAGE:
        raise ApiError(Code.BAD_USER_INPUT, f"`first` is a number from 0 to {MAX_PAGE}")
    return first


def nodes_of(document: Document, keys: Keys, asked: Field) -> tuple[Wanted, ...]:
    """What the graph must bring for the nodes of a connection."""
    edges = [one for one in fields_of(document, asked.type, asked.selections) if one.name == "edges"]
    found: dict[tuple[str, str], Wanted] = {}
    for edge in edges:
        for node in fields_of(document, edge.type, edge.selections):
            if node.name == "node":
                for wanted in wanted_of(document, keys, node.type, node):
                    found[wanted.name, wanted.key] = wanted
    return tuple(found.values())


def _wanted(document: Document, keys: Keys, parent: GraphQLNamedType, asked: Field) -> Wanted:
    name = _BEHIND.get((parent.name, asked.name), asked.name)
    if is_leaf_type(asked.type):
        return Wanted(name)
    if not asked.type.name.endswith("Connection"):
        page = Page(first_of(asked)) if "first" in asked.arguments else None
        return Wanted(name, keys.of(asked), wanted_of(document, keys, asked.type, asked), page)
    where = asked.arguments.get("where")
    return Wanted(
        name,
        keys.of(asked),
        nodes_of(document, keys, asked),
        page_of(document, _LISTS[asked.name], asked),
        finding_where(where) if asked.name == "findings" else study_where(where),
    )
