"""Bounds of what operations bring along: variables as they came, the arguments of fields, and repeated fields.

Values reach queries, the audit trail and the ledger, so they are bounded before any of that
(docs/decisions/0242-arguments-are-bounded-first.md).
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from graphql.language import DocumentNode, Visitor, visit

from api.documents import Document
from api.errors import ApiError, Code

LONGEST_LIST = 1_000
"""Elements of one list."""

MOST_VALUES = 10_000
"""Values of all variables of one operation."""

LONGEST_WORDS = 1_024
"""Characters of a text: four times what an identifier or a name may have."""

MOST_REPEATS = 40
"""Objects of one name in one selection. Clients that compose fragments repeat some; 500 of them took 3 s."""

TEXTS = frozenset({"text", "note"})
"""Arguments with limits of their own: the text of a report, the note of a review."""

INTROSPECTION_COST = 2_000
"""The cost of introspection: it takes as long as reading this number of rows."""

_INTROSPECTION = frozenset({"__schema", "__type"})


def check_variables(variables: Mapping[str, object]) -> None:
    """Raise ApiError (BAD_USER_INPUT) where a list is too long or there are too many values. Nothing is coerced yet:
    that takes long for what is too much."""
    todo: list[object] = [variables]
    values = 0
    while todo:
        value = todo.pop()
        inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
        if isinstance(value, list) and len(value) > LONGEST_LIST:
            raise _too_long(f"a list has more than {LONGEST_LIST} elements", LONGEST_LIST)
        values += len(inside)
        if values > MOST_VALUES:
            raise _too_long(f"the variables have more than {MOST_VALUES} values", MOST_VALUES)
        todo += inside


def check_arguments(document: Document) -> None:
    """Raise ApiError (BAD_USER_INPUT) where an argument of a field holds a list or a text that is too long."""
    for fields in document.known.values():
        for asked in fields:
            if asked.arguments:
                _check(asked.arguments)


def introspections(document: DocumentNode, most_cost: int) -> int:
    """How often a document looks at the schema. Raises ApiError (COST_LIMIT) where its cost does not allow that."""
    counter = _Introspections()
    visit(document, counter)
    cost = counter.found * INTROSPECTION_COST
    if cost > most_cost:
        detail = f"looking at the schema {counter.found} times costs {cost} and may cost {most_cost}"
        raise ApiError(Code.COST_LIMIT, detail, cost=cost, limit=most_cost)
    return counter.found


def check_repeats(document: DocumentNode) -> None:
    """Raise ApiError (COST_LIMIT) where objects repeat fields of one name more than MOST_REPEATS times.

    Validation compares each of them with each other one, and what is inside of them.
    """
    counter = _Repeats()
    visit(document, counter)
    if counter.most > MOST_REPEATS:
        detail = f"a field is selected {counter.most} times in one place, but may be {MOST_REPEATS} times: merge them"
        raise ApiError(Code.COST_LIMIT, detail, limit=MOST_REPEATS)


class _Repeats(Visitor):
    most = 0

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Count in what is selected of the field."""
        self._count(node.selection_set)

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
        """Count in the operation itself."""
        self._count(node.selection_set)

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: object) -> None:
        """Count in the fragment itself."""
        self._count(node.selection_set)

    def _count(self, selections: SelectionSetNode | None) -> None:
        names: Counter[str] = Counter()
        todo = [selections] if selections else []
        while todo:
            for node in todo.pop().selections:
                if isinstance(node, InlineFragmentNode):
                    todo.append(node.selection_set)
                elif isinstance(node, FieldNode) and node.selection_set is not None:
                    names[node.alias.value if node.alias else node.name.value] += 1
        self.most = max(self.most, *names.values(), 0)


class _Introspections(Visitor):
    found = 0

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Count the fields that tell of the schema."""
        self.found += node.name.value in _INTROSPECTION


def _check(value: Any, name: str = "") -> None:
    if isinstance(value, str):
        if len(value) > LONGEST_WORDS and name not in TEXTS:
            raise _too_long(f"a text has more than {LONGEST_WORDS} characters", LONGEST_WORDS)
    elif isinstance(value, Mapping):
        for key, inside in value.items():
            _check(inside, str(key))
    elif isinstance(value, list):
        if len(value) > LONGEST_LIST:
            raise _too_long(f"a list has more than {LONGEST_LIST} elements", LONGEST_LIST)
        for inside in value:
            _check(inside, name)


def _too_long(words: str, limit: int) -> ApiError:
    return ApiError(Code.BAD_USER_INPUT, words, limit=limit)
