"""Lists of what is known to be read wrongly or differently: lines of a key and what happens, in tables of the tests.

A test fails for what is wrong and not listed, and for what is listed and no longer wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from training.synthetic.kinds.families import families, of_template
from training.synthetic.kinds.judging import Judgement, Outcome, judge
from training.synthetic.kinds.metamorphic import Difference, Extract
from training.synthetic.kinds.vocabulary import COMMON

DRAWS = 3
"""How many texts of each template are judged."""
PAIR_DRAWS, COMPOSED = 2, 900
"""How many texts of each template, and how many texts of three sentences, have variants."""
COMMON_WORDS = {COMMON: 1.0}
"""Chances of grades: words that a lexicon has, so that what is read wrongly is the sentence."""


class Misread(NamedTuple):
    """A template and the shortest of its texts that were read wrongly."""

    template: str
    judgement: Judgement

    @property
    def reason(self) -> str:
        """What is wrong with the first fact that is."""
        return told(self.judgement)[0]


def misread(extract: Extract, seed: int, draws: int) -> list[Misread]:
    """The templates of which one of `draws` texts is read wrongly, links included."""
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
    """What is wrong, fact by fact."""
    wrong = [
        f"{fact.word}: want {fact.allowed}, read {fact.read}"
        for fact in judgement.facts
        if fact.outcome is not Outcome.RIGHT
    ]
    wrong += [f"{fact.word}: {link}" for fact in judgement.facts for link in fact.wrong_links]
    return wrong + [f"{word}: read as present, the text does not say it" for word in judgement.invented]


def read_table(path: Path) -> dict[tuple[str, ...], str]:
    """The keys of a table and what happens to each. All columns but the last are the key."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {tuple(row[:-1]): row[-1] for row in rows}


def write_table(path: Path, heading: str, found: Mapping[tuple[str, ...], str]) -> None:
    """Write a table anew; what is known of a key that stays is kept."""
    before = read_table(path) if path.exists() else {}
    lines = ["\t".join((*key, before.get(key, reason))) for key, reason in sorted(found.items())]
    path.write_text("".join(f"{line}\n" for line in (f"# {heading}", *lines)), encoding="utf-8")


def misread_keys(found: Iterable[Misread]) -> dict[tuple[str, ...], str]:
    """The key of a misread template is its name."""
    return {(one.template,): one.reason for one in found}


def difference_keys(found: Sequence[Difference]) -> dict[tuple[str, ...], str]:
    """The key of a difference is the kind of variant and the template; the shortest text tells what happens."""
    shortest = sorted(found, key=lambda one: -len(one.text))
    return {(one.kind, one.templates[0]): f"{one.text!r}: {one.read} | {one.read_variant}" for one in shortest}
