"""Findings that only the model shows as present become uncertain if the text witness reads no mention there.

If the decoder leads because of an unknown word, it also takes other words for findings: "Additionally", "VERSION #1",
"full stop". The text witness, an encoder that was pretrained on other texts, labels each word by itself. If it gives
all words of a finding 0.9 or more for "no mention", the finding is uncertain and `disputed`, with the warning
`mention_conflict`. It neither adds findings nor changes presences: in kinds of sentence that it was not trained on, it
is wrong in both more often than right (docs/decisions/0275-a-text-witness-doubts-findings.md).
"""

from collections.abc import Sequence

from vlmkg.engine_protocol import ReadingWarning, WordLabels
from vlmkg.reading_codes import ReadingCode
from vlmkg.schema import Mention, ReportGraph
from vlmkg.spans import overlap
from vlmkg.witnesses.claims import doubt, is_claimed
from vlmkg.witnesses.comparison import findings_of

NO_MENTION = 0.9
"""Probability from which a finding is doubted. Between 0.7 and 0.99 the figures hardly differ."""


def doubt_findings(graph: ReportGraph, words: Sequence[WordLabels]) -> tuple[ReportGraph, tuple[ReadingWarning, ...]]:
    """The combined graph with such findings uncertain, and a warning for each. `words` are those that were labelled."""
    doubted = {at for at in findings_of(graph) if words and _is_doubted(graph.mentions[at], words)}
    return doubt(graph, doubted, ReadingCode.MENTION_CONFLICT)


def _is_doubted(mention: Mention, words: Sequence[WordLabels]) -> bool:
    heard = [word for word in words if overlap(mention, word)]
    return is_claimed(mention) and bool(heard) and sum(map(no_mention, heard)) / len(heard) >= NO_MENTION


def no_mention(word: WordLabels) -> float:
    """The probability that the word belongs to no mention."""
    return 1 - word.anatomy - word.present - word.uncertain - word.absent
