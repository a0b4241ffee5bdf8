"""Refuse mentions that only the model reads, with low confidence: most of them are not there.

Only the model: the rules read nothing at these words. Confidence: the score, the geometric mean of the probabilities of
the symbols that the model wrote. A refused mention becomes a rejection with its relations, and a refused finding gives
a warning, both with the code `unsure`, so that reviewers see it. A mention is kept if a kept one describes it, since
that one would count as a finding without it (docs/decisions/0087-unsure-and-alone.md).
"""

from typing import NamedTuple

from vlmkg import validation
from vlmkg.engine_protocol import ReadingWarning, Rejection
from vlmkg.reading_codes import ReadingCode
from vlmkg.schema import Kind, RelationType, ReportGraph

MIN_WORD_SCORE = 0.9
"""Of such mentions of the shipped checkpoint under it most are wrong, above it most are right (0087)."""
REASON = ReadingCode.UNSURE


class Surely(NamedTuple):
    """What is left of the model's graph, what was refused of it, and a warning for each refused finding."""

    graph: ReportGraph
    rejections: list[Rejection]
    warnings: list[ReadingWarning]


def refuse_unsure(model: ReportGraph, rules: ReportGraph) -> Surely:
    """The model's graph less what it alone reads and is not sure of. Both graphs are valid, mentions in text order."""
    scored = ((at, model.mentions[at].score) for at in alone_of(model, rules))
    unsure = {at for at, score in scored if score is not None and score < MIN_WORD_SCORE}
    described = [(one.head, one.tail) for one in model.relations if one.type is RelationType.MODIFY]
    while kept := {tail for head, tail in described if tail in unsure and head not in unsure}:
        unsure -= kept
    graph, rejections = validation.refuse(model, dict.fromkeys(sorted(unsure), REASON))
    describing = {head for head, _ in described}
    findings = [model.mentions[at] for at in sorted(unsure - describing)]
    warned = [ReadingWarning(REASON, one.text) for one in findings if one.kind is Kind.OBSERVATION]
    return Surely(graph, rejections, warned)


def alone_of(model: ReportGraph, rules: ReportGraph) -> list[int]:
    """The mentions of the model that share no character with one of the rules."""
    found: list[int] = []
    theirs = iter(rules.mentions)
    other = next(theirs, None)
    for at, mention in enumerate(model.mentions):
        while other is not None and other.end <= mention.start:
            other = next(theirs, None)
        if other is None or mention.end <= other.start:
            found.append(at)
    return found
