"""An operation as a tree of fields: fragments resolved, skipped fields left out, arguments coerced."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    TypeNameMetaFieldDef,
    get_named_type,
    is_abstract_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values

Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """The context for reading an operation's fields. `known` are the cached fields."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    variables: VariableValues
    known: dict[tuple[object, ...], list["Field"]] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the response, under `key`: its alias or its name. Several nodes with the same key and parent are one
    field."""

    key: str
    name: str
    nodes: tuple[FieldNode, ...]
    definition: GraphQLField
    arguments: Arguments
    type: GraphQLNamedType

    @property
    def selections(self) -> list[SelectionSetNode]:
        """The selection sets of all its nodes."""
        return [node.selection_set for node in self.nodes if node.selection_set is not None]


def fields_of(document: Document, parent: GraphQLNamedType, selections: Iterable[SelectionSetNode]) -> list[Field]:
    """The fields that these selection sets request of an object of the type `parent`, including `__typename`, without
    introspection.

    Each selection is read once, for the checks and for the response. Raises GraphQLError if an argument does
    not fit its type.
    """
    read = tuple(selections)
    # The nodes live as long as the document, so an id is unique.
    key = (parent.name, *map(id, read))
    found = document.known.get(key)
    if found is None:
        found = document.known[key] = _read(document, parent, read)
    return found


def _read(document: Document, parent: GraphQLNamedType, selections: Iterable[SelectionSetNode]) -> list[Field]:
    grouped: dict[str, list[FieldNode]] = {}
    seen: set[str] = set()
    for selection in selections:
        for node in _nodes(document, parent, selection, seen):
            grouped.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
    definitions = getattr(parent, "fields", {})
    return [
        _field(document, key, definitions.get(nodes[0].name.value, TypeNameMetaFieldDef), nodes)
        for key, nodes in grouped.items()
        if nodes[0].name.value in definitions or nodes[0].name.value == "__typename"
    ]


def _field(document: Document, key: str, definition: GraphQLField, nodes: list[FieldNode]) -> Field:
    arguments = get_argument_values(definition, nodes[0], document.variables) if definition.args else {}
    return Field(key, nodes[0].name.value, tuple(nodes), definition, arguments, get_named_type(definition.type))


def _nodes(
    document: Document, parent: GraphQLNamedType, selection: SelectionSetNode, seen: set[str]
) -> Iterator[FieldNode]:
    for node in selection.selections:
        if not _included(document, node):
            continue
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            if node.type_condition is None or _fits(document, parent, node.type_condition.name.value):
                yield from _nodes(document, parent, node.selection_set, seen)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            fragment = document.fragments[node.name.value]
            if _fits(document, parent, fragment.type_condition.name.value):
                yield from _nodes(document, parent, fragment.selection_set, seen)


def _included(document: Document, node: SelectionNode) -> bool:
    if not node.directives:
        return True
    skip = get_directive_values(GraphQLSkipDirective, node, document.variables)
    include = get_directive_values(GraphQLIncludeDirective, node, document.variables)
    return not (skip and skip["if"]) and not (include and not include["if"])


def _fits(document: Document, parent: GraphQLNamedType, condition: str) -> bool:
    """Whether a fragment on the type `condition` applies to an object of `parent`."""
    if parent.name == condition:
        return True
    wanted = document.schema.get_type(condition)
    possible = document.schema.get_possible_types(wanted) if is_abstract_type(wanted) else [wanted]
    if is_abstract_type(parent):
        return any(type_ in document.schema.get_possible_types(parent) for type_ in possible)
    return parent in possible
