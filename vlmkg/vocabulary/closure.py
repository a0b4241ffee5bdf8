"""The ancestors of a concept: by IS_A, and by IS_A and PART_OF together."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from vlmkg.vocabulary.loader import load_vocabulary


def _table(edges: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    parents: dict[str, list[str]] = defaultdict(list)
    for child, parent in edges:
        parents[child].append(parent)
    return dict(parents)


def _above(parents: dict[str, list[str]], code: str) -> frozenset[str]:
    found: set[str] = set()
    todo = list(parents.get(code, ()))
    while todo:
        at = todo.pop()
        if at not in found:
            found.add(at)
            todo += parents.get(at, ())
    return frozenset(found)


@cache
def _is_a() -> dict[str, list[str]]:
    return _table(load_vocabulary().is_a)


@cache
def _regions() -> dict[str, list[str]]:
    return _table((*load_vocabulary().is_a, *load_vocabulary().part_of))


def parents(code: str) -> tuple[str, ...]:
    """The direct parents of `code` by IS_A. Empty for unknown codes."""
    return tuple(_is_a().get(code, ()))


@cache
def ancestors(code: str) -> frozenset[str]:
    """All ancestors of `code` by IS_A, without itself. Empty for unknown codes."""
    return _above(_is_a(), code)


@cache
def regions(code: str) -> frozenset[str]:
    """All ancestors of `code` by IS_A and PART_OF in any combination, without itself: queries for these places match
    it.
    """
    return _above(_regions(), code)
