"""The families of templates, and the pools of sentences that some of them use.

A family is one file of `templates/`. `%language de` says that what follows is German. A file `pool_*` holds the
sentences of a pool and is not a family.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from random import Random

from training.synthetic.kinds.drawing import GRADE_CHANCES, Pools, draw
from training.synthetic.kinds.language import Template, parse_template
from training.synthetic.kinds.sample import Sample, sample
from vlmkg.errors import UsageError

_POOL = "pool_"


@cache
def families() -> Mapping[str, tuple[Template, ...]]:
    """The templates of each family, by its name. Raises ValueError if a line is invalid or a duplicate."""
    return {name: templates for name, templates in _files().items() if not name.startswith(_POOL)}


@cache
def pools() -> Pools:
    """The sentences of each pool, by its name."""
    return {name.removeprefix(_POOL): found for name, found in _files().items() if name.startswith(_POOL)}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chosen families, in order."""

    names: tuple[str, ...]

    def templates(self) -> Iterator[Template]:
        """Their templates."""
        return (template for name in self.names for template in families()[name])


def choose(only: Iterable[str] = (), without: Iterable[str] = ()) -> Chosen:
    """The named families, or all, without the excluded ones. Raises UsageError for an unknown name."""
    only, without = list(only), set(without)
    for name in [*only, *without]:
        if name not in families():
            raise UsageError(f"there is no family {name!r}", f"families: {', '.join(sorted(families()))}")
    names = tuple(name for name in (only or sorted(families())) if name not in without)
    if not names:
        raise UsageError("no family is left to draw from", "leave out fewer")
    return Chosen(names)


def of_template(template: Template, seed: int, number: int, grades: Mapping[str, float] = GRADE_CHANCES) -> Sample:
    """The text with the given number of one template."""
    rng = Random(_mixed(seed, f"{template.name}/{number}"))  # noqa: S311 - made-up data, not secrets
    return sample(draw(template, pools(), rng, grades), pools())


def spread(family: str, count: int, seed: int, grades: Mapping[str, float] = GRADE_CHANCES) -> list[Sample]:
    """`count` texts of one family, from evenly spaced templates: a small, fixed sample."""
    templates = families()[family]
    found = []
    for number in range(count):
        turn, at = divmod(number, len(templates))
        place = at if count >= len(templates) else number * len(templates) // count
        found.append(of_template(templates[place], seed, turn, grades))
    return found


def _mixed(seed: int, number: object) -> int:
    return int.from_bytes(sha256(f"kinds/{seed}/{number}".encode()).digest()[:8], "big")


@cache
def _files() -> Mapping[str, tuple[Template, ...]]:
    found = {}
    for path in sorted(files("training.synthetic.kinds").joinpath("templates").iterdir(), key=lambda item: item.name):
        if path.name.endswith(".txt"):
            name = path.name.removesuffix(".txt")
            found[name] = tuple(_templates(name, path.read_text(encoding="utf-8")))
    return found


def _templates(family: str, text: str) -> Iterator[Template]:
    language, seen = "en", set()
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("%language "):
            language = line.split()[1]
        elif line and not line.startswith("#"):
            template = parse_template(family, line, language)
            if template.name in seen:
                raise ValueError(f"{family} has {line!r} twice")
            seen.add(template.name)
            yield template
