"""Compares an engine's reading of a synthetic text with the truth.

A fact is an observation that modifies no other. An error is harmful if it would mislead: the finding is read as present
and is not, or it is present and is read as absent or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from training.synthetic.kinds.links import Links
from training.synthetic.kinds.sample import Sample
from vlmkg.schema import Kind, Mention, Presence, ReportGraph
from vlmkg.spans import overlap

_LETTERS = {Presence.PRESENT: "P", Presence.UNCERTAIN: "U", Presence.ABSENT: "N"}
_LEFT = frozenset(["left", "l", "lt", "lul", "lll", "lingula", "lingular", "leftward"])
_RIGHT = frozenset(["right", "r", "rt", "rul", "rml", "rll"])
_BOTH = frozenset(["bilateral", "both", "bibasilar", "bibasal", "biapical", "bilaterally", "bilat"])


class Outcome(StrEnum):
    """The result for one fact."""

    RIGHT = "right"
    FALSE_PRESENT = "shown present and is not"
    DENIED = "present and denied"
    UNREAD = "present and not read"
    SOFTENED = "present and doubted"
    OTHER = "wrong otherwise"


HARMFUL = frozenset({Outcome.FALSE_PRESENT, Outcome.DENIED, Outcome.UNREAD})


@dataclass(frozen=True, slots=True)
class Judged:
    """One fact: its word, the right labels, the label that was read (`-`: none), and the wrong links."""

    word: str
    start: int
    allowed: str
    read: str
    outcome: Outcome
    wrong_links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One text: its facts, and the findings read as present that it does not state."""

    sample: Sample
    facts: tuple[Judged, ...]
    invented: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether everything is right, links included."""
        return not self.invented and all(one.outcome is Outcome.RIGHT and not one.wrong_links for one in self.facts)


def judge(made: Sample, read: ReportGraph) -> Judgement:
    """Compare one reading with the truth."""
    truth = Links.of_sample(made)
    seen = Links.of_graph(read)
    matched = _match(made, read)
    facts = tuple(
        _judge_fact(made, number, truth, seen, matched, read)
        for number, word in enumerate(made.words)
        if word.allowed[0] != "A" and not truth.modifies(number)
    )
    known = set(matched.values())
    invented = tuple(
        mention.text
        for number, mention in enumerate(read.mentions)
        if number not in known and _is_present(mention) and not seen.modifies(number) and not _overlaps(made, mention)
    )
    return Judgement(made, facts, invented)


def _match(made: Sample, read: ReportGraph) -> dict[int, int]:
    """The last mention that overlaps each word of the truth."""
    found: dict[int, int] = {}
    for number, word in enumerate(made.words):
        for at, mention in enumerate(read.mentions):
            same = (mention.kind is Kind.ANATOMY) == (word.allowed[0] == "A")
            if overlap(mention, word) and same:
                found[number] = at
    return found


def _overlaps(made: Sample, mention: Mention) -> bool:
    return any(overlap(mention, word) for word in made.words)


def _is_present(mention: Mention) -> bool:
    return mention.kind is Kind.OBSERVATION and mention.presence is Presence.PRESENT


def _judge_fact(
    made: Sample, number: int, truth: Links, seen: Links, matched: Mapping[int, int], read: ReportGraph
) -> Judged:
    word = made.words[number]
    at = matched.get(number)
    label = "-" if at is None else _LETTERS[read.mentions[at].presence]
    outcome = _outcome(word.allowed, label)
    wrong: list[str] = []
    if outcome is Outcome.RIGHT and at is not None and "-" not in word.allowed:
        wrong = _wrong_links(truth, number, seen, at)
    return Judged(made.text[word.start : word.end], word.start, word.allowed, label, outcome, tuple(wrong))


def _outcome(allowed: str, read: str) -> Outcome:
    if read in allowed:
        return Outcome.RIGHT
    if read == "P":
        return Outcome.FALSE_PRESENT
    if "P" in allowed:
        return {"N": Outcome.DENIED, "-": Outcome.UNREAD}.get(read, Outcome.SOFTENED)
    return Outcome.OTHER


def _wrong_links(truth: Links, number: int, seen: Links, at: int) -> list[str]:
    """The side, the describing words and the explanations that are missing or wrong."""
    wrong = []
    want, got = truth.side(number), seen.side(at)
    if want != got:
        wrong.append(f"side {'+'.join(sorted(want)) or 'none'}, read {'+'.join(sorted(got)) or 'none'}")
    have = {_plain(text) for text in seen.describing(at)}
    wrong += [f"{text!r} does not describe it" for text in truth.describing(number) if _plain(text) not in have]
    said = seen.suggested(at)
    wrong += [f"does not suggest {text!r}" for text in truth.suggested(number) if text not in said]
    return wrong


def _plain(text: str) -> str:
    return "".join(text.lower().split())
