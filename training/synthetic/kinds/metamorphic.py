"""Reads pairs of texts that differ in one thing, and finds readings that differ in another.

The right reading is not used: a pair passes if both texts are misread in the same way.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from random import Random
from typing import NamedTuple

from training.synthetic.kinds.comparing import Seen, seen
from training.synthetic.kinds.composing import Composed, compose, independent, variants
from training.synthetic.kinds.drawing import GRADE_CHANCES, Drawing, draw
from training.synthetic.kinds.families import pools
from training.synthetic.kinds.language import Link, Node, Template, Text, names
from training.synthetic.kinds.sample import Sample
from training.synthetic.kinds.variants import Pair, pairs_of
from training.synthetic.kinds.vocabulary import COMMON
from vlmkg.schema import ReportGraph

SENTENCES_TOGETHER = 3
Extract = Callable[[Sequence[str]], list[ReportGraph]]


class Difference(NamedTuple):
    """A pair that is read differently: the kind of variant, the templates, both texts, and both readings."""

    kind: str
    templates: tuple[str, ...]
    text: str
    variant: str
    read: str
    read_variant: str

    def __str__(self) -> str:
        return (
            f"{self.kind}, {' + '.join(self.templates)}\n  {self.text!r}\n      {self.read}"
            f"\n  {self.variant!r}\n      {self.read_variant}"
        )


class Outcome(NamedTuple):
    """The number of pairs by kind of variant, and the pairs that were read differently."""

    pairs: Counter[str]
    differences: list[Difference]


def compare(templates: Sequence[Template], extract: Extract, seed: int, draws: int, composed: int) -> Outcome:
    """Compare `draws` texts of every template, and `composed` texts of independent sentences."""
    own = compare_templates(templates, extract, seed, draws)
    together = independent(templates)
    if len(together) < SENTENCES_TOGETHER:
        return own
    joined = compare_composed(together, extract, seed, composed)
    return Outcome(own.pairs + joined.pairs, own.differences + joined.differences)


def compare_templates(templates: Sequence[Template], extract: Extract, seed: int, draws: int) -> Outcome:
    """Compare every kind of pair of every template, `draws` times."""
    pairs = [pair for template in templates for number in range(draws) for pair in _pairs(template, seed, number)]
    graphs = _read_once((text for pair in pairs for text in (pair.text.text, pair.variant.text)), extract)
    found = []
    for pair in pairs:
        one, two = _seen_of(pair, graphs[pair.text.text], graphs[pair.variant.text])
        if one != two:
            found.append(_difference(_smallest(pair, extract), extract))
    return Outcome(Counter(pair.kind for pair in pairs), found)


def compare_composed(templates: Sequence[Template], extract: Extract, seed: int, count: int) -> Outcome:
    """Compare `count` texts of a few sentences with every variant of order, neighbours, headings and blank lines."""
    rng = Random(seed)  # noqa: S311 - made-up data, not secrets
    made = [
        (composed, kind, variant, order)
        for composed in (compose(rng, SENTENCES_TOGETHER, templates) for _ in range(count))
        for kind, variant, order in variants(composed, rng)
    ]
    graphs = _read_once((text for one, _, two, _ in made for text in (one.text()[0], two.text()[0])), extract)
    found = []
    for composed, kind, variant, order in made:
        read, other = _in_order(composed, graphs[composed.text()[0]]), _in_order(variant, graphs[variant.text()[0]])
        changed = [number for place, number in enumerate(order) if read[number] != other[place]]
        found += [_composed_difference(kind, composed, variant, number, extract) for number in changed]
    return Outcome(Counter(kind for _, kind, _, _ in made), found)


def _read_once(texts: Iterable[str], extract: Extract) -> dict[str, ReportGraph]:
    different = list(dict.fromkeys(texts))
    return dict(zip(different, extract(different), strict=True))


def _pairs(template: Template, seed: int, number: int) -> Iterator[Pair]:
    digest = sha256(f"pairs/{seed}/{template.name}/{number}".encode()).digest()
    rng = Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - as above
    grades = {**dict.fromkeys(GRADE_CHANCES, 0.0), COMMON: 1.0}
    return pairs_of(draw(template, pools(), rng, grades), pools(), rng)


def _seen_of(pair: Pair, read: ReportGraph, read_variant: ReportGraph) -> tuple[tuple[Seen, ...], tuple[Seen, ...]]:
    return seen(pair.text, read), seen(pair.variant, read_variant, flipped=pair.flipped)


def _smallest(pair: Pair, extract: Extract) -> Pair:
    """The pair without the parts of its template that the difference does not need."""
    shrunk = True
    while shrunk:
        shrunk = False
        for at in range(len(pair.text.drawing.template.parts)):
            smaller = _without_part(pair, at)
            if smaller and _differs(smaller, extract):
                pair, shrunk = smaller, True
                break
    return pair


def _without_part(pair: Pair, at: int) -> Pair | None:
    template = pair.text.drawing.template
    # Words between two mentions are replaced by a blank; otherwise the mentions would become one word.
    blank = (Text(" "),) if isinstance(template.parts[at], Text) and 0 < at < len(template.parts) - 1 else ()
    parts: tuple[Node, ...] = template.parts[:at] + blank + template.parts[at + 1 :]
    kept = set(names(parts))
    links: tuple[Link, ...] = tuple(link for link in template.links if link.head in kept and link.tail in kept)
    drawing = Drawing(replace(template, parts=parts, links=links), pair.text.drawing.values)
    # The variant's draw depends on the parts: only some draws show the difference.
    for seed in range(4):
        for smaller in pairs_of(drawing, pools(), Random(seed)):  # noqa: S311 - as above
            if smaller.kind == pair.kind and len(smaller.text.text) < len(pair.text.text):
                return smaller
    return None


def _differs(pair: Pair, extract: Extract) -> bool:
    one, two = _seen_of(pair, *extract([pair.text.text, pair.variant.text]))
    return one != two


def _difference(pair: Pair, extract: Extract) -> Difference:
    one, two = _seen_of(pair, *extract([pair.text.text, pair.variant.text]))
    name = pair.text.drawing.template.name
    return Difference(
        pair.kind, (name,), pair.text.text, pair.variant.text, _told(pair.text, one, two), _told(pair.variant, two, one)
    )


def _told(made: Sample, said: Sequence[Seen], other: Sequence[Seen]) -> str:
    return "; ".join(_one_told(made, number, one) for number, one in enumerate(said) if one != other[number])


def _one_told(made: Sample, number: int, one: Seen) -> str:
    def words(numbers: frozenset[int]) -> str:
        return ", ".join(made.text[made.words[at].start : made.words[at].end] for at in sorted(numbers))

    word = made.words[number]
    parts = [f"{made.text[word.start : word.end]} {one.label}", "+".join(sorted(one.sides))]
    parts += [f"described by {words(one.describing)}"] if one.describing else []
    parts += [f"suggests {words(one.suggested)}"] if one.suggested else []
    return " ".join(part for part in parts if part)


def _in_order(composed: Composed, read: ReportGraph) -> list[tuple[Seen, ...]]:
    return [seen(one, read, explained=False) for one in composed.placed()]


def _composed_difference(kind: str, composed: Composed, variant: Composed, number: int, extract: Extract) -> Difference:
    """The difference of one sentence, without the neighbours that it does not need."""
    sentence = composed.sentences[number]
    one, two = composed, variant
    for other in composed.sentences:
        smaller = _without_sentence(one, other), _without_sentence(two, other)
        if other is not sentence and len(set(_sentence_read(*smaller, sentence, extract))) > 1:
            one, two = smaller
    read, other_read = _sentence_read(one, two, sentence, extract)
    told = _told(sentence, read, other_read), _told(sentence, other_read, read)
    return Difference(kind, (sentence.drawing.template.name,), one.text()[0], two.text()[0], *told)


def _without_sentence(composed: Composed, sentence: Sample) -> Composed:
    return replace(composed, sentences=tuple(each for each in composed.sentences if each is not sentence))


def _sentence_read(one: Composed, two: Composed, sentence: Sample, extract: Extract) -> list[tuple[Seen, ...]]:
    graphs = extract([one.text()[0], two.text()[0]])
    return [
        _in_order(each, read)[next(at for at, made in enumerate(each.sentences) if made is sentence)]
        for each, read in zip((one, two), graphs, strict=True)
    ]
