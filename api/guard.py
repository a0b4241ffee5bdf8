"""Checks an operation before it runs: rights, depth, aliases, cost.

Cost is the number of rows that the graph computes for an answer. A list of `first` rows costs `first` times what one
row costs, at least `first`; a list of no rows costs as much as one of one row, because the graph reads one to know
whether there are any. A list without pages counts USUAL_LIST rows, or its maximum if it can be long. A `totalCount`
costs TOTAL rows and a cohort COHORT, because they read far more rows than they return. Other fields cost nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLNamedType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import DocumentNode, Visitor, visit

from api.callers import Caller
from api.context import ApiContext
from api.documents import Document, Field, fields_of
from api.errors import ApiError, Code
from api.response_plans import LISTED
from api.rights import needed
from api.settings import ApiSettings
from graph.reads.cohorts import BREAKDOWN
from graph.reads.map_expressions import LONGEST_LIST, MOST_MENTIONS

USUAL_LIST = 10
"""The assumed rows of a short list: places of a finding, reports of a study, ancestors of a concept."""

TOTAL = 50
"""The cost of a `totalCount` per list. Over all patients it reads every finding or study."""

COHORT = 500
"""The cost of a cohort without its breakdowns: it reads every patient. It allows only a few cohorts per request."""

LONG_LISTS = {
    ("Concept", "children"): LONGEST_LIST,
    ("Concept", "parts"): LONGEST_LIST,
    ("Study", "mentions"): MOST_MENTIONS,
    ("Cohort", "byConcept"): BREAKDOWN,
    ("Cohort", "byLocation"): BREAKDOWN,
    ("Cohort", "byMonth"): BREAKDOWN,
}
"""The maximum rows of lists that can be long."""

MAX_FIELDS = 2_000
"""The maximum number of fields after expanding fragments, because nested fragments multiply."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A valid document with its facts that do not depend on the request.

    `plain` are its cached operations without variables, by their nodes' ids.
    """

    document: DocumentNode
    fragments: dict[str, FragmentDefinitionNode]
    aliases: int
    plain: dict[int, Document] = field(default_factory=dict)


@dataclass(slots=True)
class _Walk:
    document: Document
    caller: Caller
    settings: ApiSettings
    fields: int = 0


def ready_of(document: DocumentNode) -> Ready:
    """The facts of a valid document that do not depend on the request."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    counter = _Aliases()
    visit(document, counter)
    return Ready(document, fragments, counter.found)


def admit(context: ApiContext, schema: GraphQLSchema, ready: Ready, variables: dict[str, object]) -> None:
    """Check the requested operation, and put it into the context. Raises ApiError, GraphQLError."""
    settings = context.services.settings
    _check_aliases(ready.aliases, settings)
    operation = operation_of(ready.document, context.operation_name)
    context.document = _read(schema, ready, operation, variables)
    context.action = _action_of(context.document, operation)
    _check(context.document, operation, context.caller, settings)


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The requested operation. Raises ApiError (BAD_REQUEST) if it is ambiguous."""
    found = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    named = [node for node in found if name is None or (node.name is not None and node.name.value == name)]
    if len(named) != 1:
        raise ApiError(
            Code.BAD_REQUEST, "the operation is not clear: give the `operationName` of an operation in the document"
        )
    return named[0]


def _read(
    schema: GraphQLSchema, ready: Ready, operation: OperationDefinitionNode, variables: dict[str, object]
) -> Document:
    """The operation's document with its variables. Raises GraphQLError if they do not fit."""
    known = ready.plain.get(id(operation))
    if known is not None:
        return known
    values = get_variable_values(schema, operation.variable_definitions or (), variables)
    if not isinstance(values, VariableValues):
        raise values[0]
    found = Document(schema, ready.fragments, values)
    if not operation.variable_definitions:
        ready.plain[id(operation)] = found
    return found


def _check_aliases(aliases: int, settings: ApiSettings) -> None:
    if aliases > settings.max_aliases:
        raise ApiError(
            Code.ALIAS_LIMIT,
            f"the document has {aliases} aliases, but may have {settings.max_aliases}: send several requests",
            aliases=aliases,
            limit=settings.max_aliases,
        )


def _check(document: Document, operation: OperationDefinitionNode, caller: Caller, settings: ApiSettings) -> None:
    """Raise ApiError if the caller lacks the right, or the operation is too deep or too expensive."""
    root = document.schema.get_root_type(operation.operation)
    if root is None:
        raise ApiError(Code.BAD_REQUEST, f"this API has no {operation.operation.value} type")
    walk = _Walk(document, caller, settings)
    cost = _cost(walk, root, [operation.selection_set], 1)
    if cost > settings.max_cost:
        raise ApiError(
            Code.COST_LIMIT,
            f"the answer may hold {cost} rows, but may have {settings.max_cost}: request smaller pages",
            cost=cost,
            limit=settings.max_cost,
        )


def _action_of(document: Document, operation: OperationDefinitionNode) -> str:
    """The operation for the audit trail: its kind and its root fields, without values."""
    root = document.schema.get_root_type(operation.operation)
    fields = fields_of(document, root, [operation.selection_set]) if root else []
    return f"{operation.operation.value} {', '.join(sorted({each.name for each in fields}))}"


class _Aliases(Visitor):
    found = 0

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Count the aliases."""
        if node.alias is not None:
            self.found += 1


def _cost(walk: _Walk, parent: GraphQLNamedType, selections: Iterable[SelectionSetNode], depth: int) -> int:
    """The cost of the selection sets for one object. Also checks depth and rights."""
    total = 0
    for asked in fields_of(walk.document, parent, selections):
        _check_field(walk, parent, asked, depth)
        if is_leaf_type(asked.type):
            continue
        total += COHORT if asked.type.name == "Cohort" else 0
        # An interface can be any of its types: all are checked, and the most expensive one counts.
        types = walk.document.schema.get_possible_types(asked.type) if is_abstract_type(asked.type) else (asked.type,)
        inside = max(_cost(walk, type_, asked.selections, depth + 1) for type_ in types)
        rows = _rows(parent, asked)
        total += inside if rows is None else max(rows * max(1, inside), _least(walk, asked))
    return total


def _least(walk: _Walk, asked: Field) -> int:
    """The minimum cost of a list."""
    if asked.type.name not in LISTED:
        return 0
    parts = fields_of(walk.document, asked.type, asked.selections)
    return TOTAL if any(part.name == "totalCount" for part in parts) else 0


def _rows(parent: GraphQLNamedType, asked: Field) -> int | None:
    """The maximum number of rows of a list; None for a single object and for the `edges` of a page."""
    first = asked.arguments.get("first")
    if isinstance(first, int):
        return max(first, 1)
    if asked.name != "edges" and is_list_type(get_nullable_type(asked.definition.type)):
        return LONG_LISTS.get((parent.name, asked.name), USUAL_LIST)
    return None


def _check_field(walk: _Walk, parent: GraphQLNamedType, asked: Field, depth: int) -> None:
    walk.fields += len(asked.nodes)
    if walk.fields > MAX_FIELDS:
        raise ApiError(
            Code.COST_LIMIT, f"the operation is too large: it may have {MAX_FIELDS} fields", limit=MAX_FIELDS
        )
    if depth > walk.settings.max_depth:
        limit = walk.settings.max_depth
        raise ApiError(Code.DEPTH_LIMIT, f"the operation is too deep: it may be {limit} fields deep", limit=limit)
    for right in needed(parent.name, asked.name, asked.arguments):
        if not walk.caller.may(right):
            where = f"{parent.name}.{asked.name}"
            raise ApiError(
                Code.FORBIDDEN,
                f"the role {walk.caller.role} has no right to `{where}` with these arguments",
                right=right.value,
            )
