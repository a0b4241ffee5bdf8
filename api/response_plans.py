"""Response plans: shape rows of the graph or the ledger directly into GraphQL responses.

graphql-core completes a response field by field, with a path and a look-up for each of hundreds of fields, which takes
as long as the query itself. Here the selection is read once, into the query of the graph and a function that converts
each row to an object of the response (docs/decisions/0061-answers-are-shaped-once.md).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from graphql import GraphQLEnumType, GraphQLNamedType, is_leaf_type, is_list_type, is_non_null_type
from graphql.language import SelectionSetNode
from graphql.type import get_nullable_type

from api import cursors
from api.counts import CountPolicy
from api.cursors import Listed
from api.documents import Document, Field, fields_of
from api.errors import ApiError, Code
from api.inputs import finding_where, study_where
from api.masked_keys import KeyMask, hide_place, reveal_place
from api.scalars import show_time
from graph.reads.selection import MAX_PAGE, Page, Selection

Row = dict[str, Any]
Value = Callable[[Row], Any]

LISTED = {
    "FindingConnection": Listed.FINDINGS,
    "StudyConnection": Listed.STUDIES,
    "PatientConnection": Listed.PATIENTS,
    "EventConnection": Listed.EVENTS,
    "RejectionConnection": Listed.REJECTIONS,
}
_KEYS = {
    "Finding": "mentionId",
    "Patient": "patientId",
    "Study": "studyKey",
    "Concept": "code",
    "Event": "eventId",
}
"""The field of a type's `id`."""

COMPUTED_KEYS = frozenset(
    {
        ("Finding", "id"),
        ("Study", "id"),
        ("Study", "studyKey"),
        ("Report", "reportKey"),
        ("Report", "textDigest"),
        ("Image", "digest"),
        ("Extraction", "extractionId"),
        ("Mention", "mentionId"),
        ("Mention", "reportKey"),
        ("MissedFinding", "reportKey"),
        ("Relation", "target"),
        ("Rejection", "studyKey"),
        ("Rejection", "reportKey"),
        ("Event", "studyKeys"),
    }
)
"""Values that can be computed from a StudyInstanceUID, a text or a film (api.masked_keys)."""

COUNTS = frozenset({("UnmappedTerm", "mentions"), ("Checkpoint", "studies")})
"""Counts other than those of pages and cohorts."""

_ORDERED_BY_KEYS = frozenset({Listed.FINDINGS, Listed.STUDIES})
"""Lists whose cursors contain such a key."""


STATEMENT = (
    Selection("owner", "owner"),
    Selection("reportKey"),
    Selection("sopInstanceUid"),
    Selection("start"),
    Selection("end"),
    Selection("presence"),
    Selection("conceptCode"),
    Selection("laterality"),
    Selection("severity"),
    Selection("placeCodes"),
)
"""The fields of a finding that are needed to find its reviews (api.ledger_fields)."""

_LATE = {
    ("Report", "text"): (Selection("reportKey"),),
    ("Report", "setAside"): (Selection("reportKey"), Selection("readBy")),
    ("Finding", "review"): STATEMENT,
    ("Finding", "reviews"): STATEMENT,
    ("Finding", "reviewedByMe"): STATEMENT,
}
"""Fields that are filled in from the ledger, and the row fields that this needs."""


@dataclass(frozen=True, slots=True)
class PendingField:
    """A field of the response object `made` that is still to be filled in, and the object's row."""

    made: Row
    asked: Field
    row: Row


@dataclass(slots=True)
class AnswerContext:
    """The context of one answer.

    `keyed`: nested objects are in the rows under keys generated here (the graph's rows), so that a client's alias never
    becomes part of a query; otherwise under their names. `late` is filled while rows are shaped.

    `caller` is the name under which the caller reviews. `counts` rounds totals, `mask` masks keys; both depend on the
    caller (api.context).
    """

    document: Document
    counts: CountPolicy
    mask: KeyMask | None
    keyed: bool = True
    caller: str = ""
    late: list[PendingField] = field(default_factory=list)
    _keys: int = 0

    def key_of(self, asked: Field) -> str:
        """The key of a nested object."""
        if not self.keyed:
            return asked.name
        self._keys += 1
        return f"k{self._keys}"


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """The requested fields of each object, and the conversion of its row to an object of the response."""

    selected: tuple[Selection, ...]
    shape: Callable[[Row], Row]


@dataclass(frozen=True, slots=True)
class PagePlan:
    """The same for a connection: its page, the requested fields of each node (None: no rows are needed), and the
    conversion of rows `{key, node}`, one more than the page if there are more, and the total to the connection."""

    page: Page
    nodes: tuple[Selection, ...] | None
    shape: Callable[[list[Row], int | None], Row]


def plan_object(
    answering: AnswerContext, type_: GraphQLNamedType, selections: Iterable[SelectionSetNode]
) -> ObjectPlan:
    """The plan of objects of one type."""
    selected: list[Selection] = []
    values: list[tuple[str, Value]] = []
    late: list[Field] = []
    for asked in fields_of(answering.document, type_, selections):
        needs = _LATE.get((type_.name, asked.name))
        if needs is not None:
            late.append(asked)
        wants, value = _plan_field(answering, type_, asked) if needs is None else (needs, _still_open)
        selected.extend(wants)
        values.append((asked.key, value))

    def shape(row: Row) -> Row:
        return {key: value(row) for key, value in values}

    def shape_with_late(row: Row) -> Row:
        made = shape(row)
        answering.late.extend(PendingField(made, asked, row) for asked in late)
        return made

    return ObjectPlan(tuple(selected), shape_with_late if late else shape)


def plan_page(answering: AnswerContext, asked: Field) -> PagePlan:
    """The plan of a connection. Raises ApiError (BAD_USER_INPUT, BAD_CURSOR)."""
    listed, after = LISTED[asked.type.name], asked.arguments.get("after")
    page_first = first_of(asked)
    parts: list[tuple[str, Callable[[list[Row], int | None], Any]]] = []
    nodes: list[Selection] | None = None
    total = False
    for part in fields_of(answering.document, asked.type, asked.selections):
        if part.name == "edges":
            wants, edge = _plan_edge(answering, part, listed)
            nodes = [*(nodes or ()), *wants]
            parts.append((part.key, _edges(edge, page_first)))
        elif part.name == "pageInfo":
            nodes = nodes or []
            parts.append((part.key, _plan_page_info(answering, part, listed, page_first, after)))
        elif part.name == "totalCount":
            total = True
            parts.append((part.key, lambda _rows, total: None if total is None else answering.counts.total(total)))
        else:
            parts.append((part.key, lambda _rows, _total: asked.type.name))

    def shape(rows: list[Row], count: int | None) -> Row:
        return {key: make(rows, count) for key, make in parts}

    page = Page(page_first, _place_of(answering, listed, after), total)
    return PagePlan(page, None if nodes is None else tuple(nodes), shape)


def first_of(asked: Field) -> int:
    """The argument `first`, within its bounds."""
    first = asked.arguments["first"]
    if not isinstance(first, int) or not 0 <= first <= MAX_PAGE:
        raise ApiError(Code.BAD_USER_INPUT, f"`first` is out of range: give a number from 0 to {MAX_PAGE}")
    return first


def _plan_field(answering: AnswerContext, type_: GraphQLNamedType, asked: Field) -> tuple[list[Selection], Value]:
    if asked.name == "__typename":
        return [], lambda _row: type_.name
    if asked.name == "id":
        return [Selection(_KEYS[type_.name])], _global_id(answering, type_.name)
    if is_leaf_type(asked.type):
        read = _leaf(asked)
        if answering.mask is not None and (type_.name, asked.name) in COMPUTED_KEYS:
            read = _hiding(answering.mask, read)
        if (type_.name, asked.name) in COUNTS:
            read = _counted(answering.counts, read)
        return [Selection(asked.name)], read
    if asked.type.name in LISTED:
        return _plan_nested_page(answering, asked)
    key = answering.key_of(asked)
    inner = plan_object(answering, asked.type, asked.selections)
    page = Page(first_of(asked)) if "first" in asked.arguments else None
    return [Selection(asked.name, key, inner.selected, page)], _nested(asked, key, inner.shape)


def _global_id(answering: AnswerContext, type_name: str) -> Value:
    read: Value = itemgetter(_KEYS[type_name])
    if answering.mask is not None and (type_name, "id") in COMPUTED_KEYS:
        read = _hiding(answering.mask, read)
    return lambda row: f"{type_name}:{read(row)}"


def _hiding(mask: KeyMask, read: Value) -> Value:
    """A value that is a key, or a list of keys, or None, as the caller may see it."""

    def value(row: Row) -> Any:
        found = read(row)
        if found is None:
            return None
        return mask.hide(found) if isinstance(found, str) else [mask.hide(one) for one in found]

    return value


def _counted(counts: CountPolicy, read: Value) -> Value:
    return lambda row: counts.total(read(row))


def _cursor(answering: AnswerContext, listed: Listed, place: str) -> str:
    mask = answering.mask
    if mask is None:
        return cursors.encode(listed, place)
    shown = hide_place(mask, place) if listed in _ORDERED_BY_KEYS else place
    return cursors.encode(listed, shown, mask.secret)


def _place_of(answering: AnswerContext, listed: Listed, cursor: str | None) -> str:
    """The page key of a cursor. Raises ApiError (BAD_CURSOR)."""
    mask = answering.mask
    if mask is None:
        return cursors.decode(listed, cursor)
    shown = cursors.decode(listed, cursor, mask.secret)
    return reveal_place(mask, shown) if shown and listed in _ORDERED_BY_KEYS else shown


def _still_open(_row: Row) -> None:
    """The placeholder of a field until it is filled in."""


def _plan_nested_page(answering: AnswerContext, asked: Field) -> tuple[list[Selection], Value]:
    key, plan, given = answering.key_of(asked), plan_page(answering, asked), asked.arguments.get("where")
    where = finding_where(given) if asked.name == "findings" else study_where(given)

    def value(row: Row) -> Row:
        found = row[key]
        return plan.shape(found["rows"], found["total"])

    return [Selection(asked.name, key, plan.nodes or (), plan.page, where)], value


def _leaf(asked: Field) -> Value:
    """A value of the row itself, in the response format of its type."""
    read: Value = itemgetter(asked.name)
    convert = _converter(asked.type)
    if convert is not None and is_list_type(get_nullable_type(asked.definition.type)):
        convert = _each(convert)
    if not is_non_null_type(asked.definition.type):
        return read if convert is None else lambda row: None if (value := read(row)) is None else convert(value)

    def required(row: Row) -> Any:
        value = read(row)
        if value is None:
            raise MissingValueError(asked.name)
        return value if convert is None else convert(value)

    return required


def _each(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: [convert(value) for value in values]


class MissingValueError(Exception):
    """A row lacks a required field: the graph or the ledger is inconsistent."""


def _converter(type_: GraphQLNamedType) -> Callable[[Any], Any] | None:
    if isinstance(type_, GraphQLEnumType):
        names = {value.value: name for name, value in type_.values.items()}
        return names.__getitem__
    if type_.name == "DateTime":
        return show_time
    return str if type_.name == "ID" else None


def _nested(asked: Field, key: str, shape: Callable[[Row], Row]) -> Value:
    if is_list_type(get_nullable_type(asked.definition.type)):
        return lambda row: [shape(one) for one in row[key]]
    if not is_non_null_type(asked.definition.type):
        return lambda row: None if row[key] is None else shape(row[key])

    def required(row: Row) -> Row:
        if row[key] is None:
            raise MissingValueError(asked.name)
        return shape(row[key])

    return required


def _plan_edge(answering: AnswerContext, asked: Field, listed: Listed) -> tuple[list[Selection], Value]:
    selected: list[Selection] = []
    parts: list[tuple[str, Value]] = []
    for part in fields_of(answering.document, asked.type, asked.selections):
        if part.name == "node":
            node = plan_object(answering, part.type, part.selections)
            selected.extend(node.selected)
            parts.append((part.key, _node(node.shape)))
        elif part.name == "cursor":
            parts.append((part.key, lambda row: _cursor(answering, listed, row["key"])))
        else:
            parts.append((part.key, lambda _row: asked.type.name))
    return selected, lambda row: {key: make(row) for key, make in parts}


def _node(shape: Callable[[Row], Row]) -> Value:
    return lambda row: shape(row["node"])


def _edges(edge: Value, first: int) -> Callable[[list[Row], int | None], Any]:
    return lambda rows, _total: [edge(row) for row in rows[:first]]


def _plan_page_info(
    answering: AnswerContext, asked: Field, listed: Listed, first: int, after: str | None
) -> Callable[[list[Row], int | None], Row]:
    def cursor(rows: list[Row], place: int) -> str | None:
        return _cursor(answering, listed, rows[:first][place]["key"]) if rows[:first] else None

    facts: dict[str, Callable[[list[Row]], Any]] = {
        "hasNextPage": lambda rows: len(rows) > first,
        "hasPreviousPage": lambda _rows: after is not None,
        "startCursor": lambda rows: cursor(rows, 0),
        "endCursor": lambda rows: cursor(rows, -1),
        "__typename": lambda _rows: asked.type.name,
    }
    parts = [(part.key, facts[part.name]) for part in fields_of(answering.document, asked.type, asked.selections)]
    return lambda rows, _total: {key: make(rows) for key, make in parts}
