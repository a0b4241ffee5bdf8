"""Findings that advice takes as known: in "repeat CT for the nodule" there is a nodule.

They count only in a report that says nothing else of them.
"""

from collections.abc import Collection, Iterator, Sequence

from vlmkg.reading.lexicon.load import lexicon, plurals
from vlmkg.reading.lexicon.words import CONTENT, Word
from vlmkg.reading.rules.labels import Unit
from vlmkg.schema import Mention, Presence

_ARTICLES = frozenset({"the", "this", "these", "those", "known"})
_OWN_NAMES = frozenset({"nodule", "nodules", "mass", "masses", "cavity", "consolidation", "infiltrate"})
_OPEN = ("if", "when", "unless", "to exclude", "to rule", "to confirm", "to verify", "clinically")
"""Starts of advice that does not say whether the finding is there."""
_UNSURE = frozenset({Word.NEGATION, Word.NOT, Word.HEDGE, Word.NOT_EXCLUDED, Word.HISTORY, Word.EXCLUDE})


def advised(named: Sequence[Unit], kept: Sequence[Unit], tokens: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """First and last token of each noun group with an article that was taken out with the advice it stands in."""
    cues = [index for index, unit in enumerate(named) if unit.word in _UNSURE]
    if not any(unit.word is Word.RECOMMEND for unit in named) or any(not _denies_advice(named, at) for at in cues):
        return
    if any(unit.word is Word.RECOMMEND and unit.text.startswith(_OPEN) for unit in named):
        return
    places = {unit.first for unit in kept}
    index = 0
    while index < len(named):
        end = index
        while end < len(named) and named[end].word in CONTENT and named[end].first not in places:
            end += 1
        group = named[index:end]
        if group and tokens[group[0].first - 1] in _ARTICLES and any(one.word is Word.FINDING for one in group):
            yield group[0].first, group[-1].last
        index = max(end, index + 1)


def _denies_advice(named: Sequence[Unit], cue: int) -> bool:
    """ "No follow-up of the nodule is needed"."""
    after = named[cue + 1] if cue + 1 < len(named) else None
    return named[cue].word is Word.NEGATION and after is not None and after.word is Word.RECOMMEND


def is_said_elsewhere(heads: Collection[str], mentions: Sequence[Mention]) -> bool:
    """Whether the report speaks of these findings elsewhere: by name, or by another one where they are mere shadows."""
    said = {form for one in mentions for word in one.text.lower().split() for form in (word, *plurals(word))}
    if any(not said.isdisjoint((head, *plurals(head))) for head in heads):
        return True
    shadows = lexicon().shadows - _OWN_NAMES
    return not shadows.isdisjoint(heads) and any(_is_finding(one) for one in mentions)


def _is_finding(mention: Mention) -> bool:
    """Whether a mention names a finding that is there, or may be."""
    word = lexicon().words.get(mention.text.lower())
    return word is Word.FINDING and mention.presence is not Presence.ABSENT
