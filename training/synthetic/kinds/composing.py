"""Texts composed of independent sentences, and variants of their order, their neighbours and their headings.

The truth of a composed text is that of its sentences. Explanations are not compared across sentences: "Favor infarct."
explains the sentence before it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from training.synthetic.kinds.drawing import GRADE_CHANCES, draw
from training.synthetic.kinds.families import pools
from training.synthetic.kinds.language import Template
from training.synthetic.kinds.sample import Sample, Word, sample
from training.synthetic.kinds.vocabulary import COMMON

INDEPENDENT = (
    "plain", "scope_contrast", "scope_side", "scope_list", "attribute_denial", "change", "removal", "hedge", "devices",
    "measurement", "side_comparison", "explanations", "british",
)  # fmt: skip
"""Families whose sentences are independent of their neighbours."""
BEFORE = {
    "indication": ("INDICATION:", "Indication:", "REASON FOR EXAM:", "Clinical indication:", "Reason for study:"),
    "history": ("HISTORY:", "Clinical history:", "CLINICAL HISTORY:", "Clinical details:", "Clinical information:"),
    "comparison": ("COMPARISON:", "Comparison:", "COMPARISONS:", "Comparison studies:"),
    "technique": ("TECHNIQUE:", "Technique:"),
}
"""Headings of the same meaning, by the reason for which the text under them is set aside."""
FINDINGS = ("FINDINGS:", "Findings:", "REPORT:", "Report:", "RESULT:", "RESULTS:", "OBSERVATIONS:")
IMPRESSION = ("IMPRESSION:", "Impression:", "CONCLUSION:", "Conclusion:", "OPINION:", "SUMMARY:")
_TALK = {"indication": "cough", "history": "fever", "comparison": "None", "technique": "PA and lateral"}


@dataclass(frozen=True, slots=True)
class Composed:
    """Sentences in order, and the text that joins them; `before` is the text before the first."""

    sentences: tuple[Sample, ...]
    joint: str = " "
    before: str = ""
    closing: str = ""

    def text(self) -> tuple[str, list[int]]:
        """The text, and the offset of each sentence. `closing` is a heading before the last sentence."""
        text, starts = self.before, []
        for number, one in enumerate(self.sentences):
            text += self.joint if number else ""
            text += self.closing if self.closing and number == len(self.sentences) - 1 else ""
            starts.append(len(text))
            text += one.text
        return text, starts

    def placed(self) -> list[Sample]:
        """Each sentence as a sample of the whole text, with the offsets of its words in that text."""
        text, starts = self.text()
        return [_moved(one, text, start) for one, start in zip(self.sentences, starts, strict=True)]


def independent(templates: Iterable[Template]) -> tuple[Template, ...]:
    """The drawings that are one line, end with a full stop, and belong to independent families."""
    return tuple(
        template
        for template in templates
        if template.family in INDEPENDENT
        and template.line.partition(" ;; ")[0].endswith(".")
        and "\\n" not in template.line
    )


def compose(rng: Random, count: int, templates: Sequence[Template]) -> Composed:
    """`count` sentences of different templates, with words that lexicons know."""
    grades = {**dict.fromkeys(GRADE_CHANCES, 0.0), COMMON: 1.0}
    drawn = [sample(draw(template, pools(), rng, grades), pools()) for template in rng.sample(templates, count)]
    return Composed(tuple(drawn), rng.choice((" ", "\n")))


def variants(composed: Composed, rng: Random) -> Iterator[tuple[str, Composed, tuple[int, ...]]]:
    """(kind, variant, the number in `composed` of each sentence of the variant)."""
    count = len(composed.sentences)
    order = tuple(rng.sample(range(count), count))
    yield "other order", _reordered(composed, order), order
    left_out = rng.randrange(count)
    kept = tuple(number for number in range(count) if number != left_out)
    yield "one sentence less", _reordered(composed, kept), kept
    everything = tuple(range(count))
    yield "blank lines", replace(composed, joint="\n\n"), everything
    yield "one paragraph", replace(composed, joint=" "), everything
    yield "one line each", replace(composed, joint="\n"), everything
    yield "findings heading", replace(composed, before=rng.choice(FINDINGS) + rng.choice((" ", "\n"))), everything
    closing = rng.choice(("\n", "\n\n")) + rng.choice(IMPRESSION) + " "
    headed = replace(composed, before=rng.choice(FINDINGS) + "\n", closing=closing)
    yield "findings and impression", headed, everything
    reason = rng.choice(list(BEFORE))
    talk = f"{rng.choice(BEFORE[reason])} {_TALK[reason]}."
    yield "set aside, then findings", replace(composed, before=f"{talk}\n{rng.choice(FINDINGS)} "), everything
    yield "set aside, then nothing", replace(composed, before=talk + rng.choice((" ", "\n", "\n\n"))), everything


def _reordered(composed: Composed, order: Sequence[int]) -> Composed:
    return replace(composed, sentences=tuple(composed.sentences[number] for number in order))


def _moved(one: Sample, text: str, start: int) -> Sample:
    words: tuple[Word, ...] = tuple(replace(word, start=word.start + start, end=word.end + start) for word in one.words)
    aside = tuple((first + start, last + start, reason) for first, last, reason in one.aside)
    return replace(one, text=text, words=words, aside=aside)
