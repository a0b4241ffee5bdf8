"""Known misreadings and differences, as tables of the tests: a key and a description per line.

A test fails for an unlisted error, and for a listed error that no longer occurs.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from training.synthetic.kinds.families import families, of_template
from training.synthetic.kinds.judging import Judgement, Outcome, judge
from training.synthetic.kinds.metamorphic import Difference, Extract
from training.synthetic.kinds.vocabulary import COMMON

DRAWS = 3
"""The number of texts per template that are judged."""
PAIR_DRAWS, COMPOSED = 2, 900
"""The number of texts per template, and the number of texts of three sentences, that get variants."""
COMMON_WORDS = {COMMON: 1.0}
"""Chances of grades: only words that lexicons know, so that errors come from the sentence."""


class Misread(NamedTuple):
    """A template and its shortest misread text."""

    template: str
    judgement: Judgement

    @property
    def reason(self) -> str:
        """The error of the first wrong fact."""
        return told(self.judgement)[0]


def misread(extract: Extract, seed: int, draws: int) -> list[Misread]:
    """The templates with a misread text (links included) among `draws` texts."""
    made = [
        of_template(template, seed, number, COMMON_WORDS)
        for templates in families().values()
        for template in templates
        for number in range(draws)
    ]
    wrong: dict[str, Judgement] = {}
    for one, graph in zip(made, extract([one.text for one in made]), strict=True):
        judgement = judge(one, graph)
        name = one.drawing.template.name
        if not judgement.is_right and (name not in wrong or len(one.text) < len(wrong[name].sample.text)):
            wrong[name] = judgement
    return [Misread(name, judgement) for name, judgement in wrong.items()]


def told(judgement: Judgement) -> list[str]:
    """The errors, fact by fact."""
    wrong = [
        f"{fact.word}: want {fact.allowed}, read {fact.read}"
        for fact in judgement.facts
        if fact.outcome is not Outcome.RIGHT
    ]
    wrong += [f"{fact.word}: {link}" for fact in judgement.facts for link in fact.wrong_links]
    return wrong + [f"{word}: read as present, the text does not say it" for word in judgement.invented]


def read_table(path: Path) -> dict[tuple[str, ...], str]:
    """The keys of a table and the description of each. All columns but the last are the key."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {tuple(row[:-1]): row[-1] for row in rows}


def write_table(path: Path, heading: str, found: Mapping[tuple[str, ...], str]) -> None:
    """Rewrite a table, one line per key; descriptions of existing keys are kept."""
    before = read_table(path) if path.exists() else {}
    lines = ["\t".join((*key, " ".join(before.get(key, reason).split()))) for key, reason in sorted(found.items())]
    path.write_text("".join(f"{line}\n" for line in (f"# {heading}", *lines)), encoding="utf-8")


def misread_keys(found: Iterable[Misread]) -> dict[tuple[str, ...], str]:
    """The key of a misread template is its name."""
    return {(one.template,): one.reason for one in found}


def difference_keys(found: Sequence[Difference]) -> dict[tuple[str, ...], str]:
    """The key of a difference is the kind of variant and the template; the shortest text is its description."""
    shortest = sorted(found, key=lambda one: -len(one.text))
    return {(one.kind, one.templates[0]): f"{one.text!r}: {one.read} | {one.read_variant}" for one in shortest}
