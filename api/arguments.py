"""Bounds of what operations bring along: variables as they came, and the arguments of fields.

Values reach queries, the audit trail and the ledger, so they are bounded before any of that
(docs/decisions/0242-arguments-are-bounded-first.md).
"""

from collections.abc import Mapping
from typing import Any

from graphql import FieldNode
from graphql.language import DocumentNode, Visitor, visit

from api.documents import Document
from api.errors import ApiError, Code

LONGEST_LIST = 1_000
"""Elements of one list."""

MOST_VALUES = 10_000
"""Values of all variables of one operation."""

LONGEST_WORDS = 1_024
"""Characters of a text: four times what an identifier or a name may have."""

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
