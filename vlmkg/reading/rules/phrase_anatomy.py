"""The anatomy of one phrase: which word is the place, and which words say more about it.

"Left lower lobe": left and lower describe lobe. "Left basilar airspace process": the process is at two places, the
basilar part (left) and the airspace.
"""

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import ANATOMY_NOUNS, Word
from vlmkg.reading.rules.labels import Unit


def places(groups: list[list[Unit]], *, of_finding: bool) -> tuple[list[Unit], list[tuple[Unit, Unit]]]:
    """The places that a phrase's anatomy names, and (describing, described) pairs among its words.

    `groups` are the coordinated parts of the anatomy ("left | and right lower lobe"), the one with the noun last.
    `of_finding`: the phrase is about an observation noun that follows.
    """
    heads: list[Unit] = []
    pairs: list[tuple[Unit, Unit]] = []
    last = groups[-1]
    for group in groups:
        if group is not last and last and _shares_noun(group, last, of_finding=of_finding):
            pairs += [(unit, last[-1]) for unit in group]
            continue
        for chain in _chains(group, of_finding=of_finding):
            if chain[-1].word is Word.SIDE and len(chain) > 1 and chain[-2].word in ANATOMY_NOUNS:
                # "The recesses bilaterally".
                chain.insert(0, chain.pop())
            heads.append(chain[-1])
            pairs += _describing(chain)
    return heads, pairs


def _shares_noun(group: list[Unit], last: list[Unit], *, of_finding: bool) -> bool:
    """ "Mediastinal and hilar contours": both say which contours. "Hilar and basal scars": two places."""
    if not of_finding:
        return True
    sides = all(unit.word in {Word.SIDE, Word.POSITION} for unit in group)
    return sides and any(unit.word not in {Word.SIDE, Word.POSITION} for unit in last)


def _describing(chain: list[Unit]) -> list[tuple[Unit, Unit]]:
    """Each word describes the last; but "peripheral portion right lobe": peripheral describes portion."""
    pairs = []
    part = next((index for index, unit in enumerate(chain[:-1]) if unit.word is Word.PART), 0)
    pairs += [(unit, chain[part]) for unit in chain[:part]]
    return pairs + [(unit, chain[-1]) for unit in chain[part:-1]]


def _chains(anatomy: list[Unit], *, of_finding: bool) -> list[list[Unit]]:
    chains: list[list[Unit]] = []
    for unit in anatomy:
        if chains and not (of_finding and _apart(chains[-1][-1], unit, anatomy[-1])):
            chains[-1].append(unit)
        else:
            chains.append([unit])
    return chains


def _apart(before: Unit, unit: Unit, last: Unit) -> bool:
    """A place word followed by tissue words up to the finding: two places of it."""
    region = before.word is Word.PLACE or before.text in lexicon().place_nouns
    return region and unit.word is Word.TISSUE and (last.word is Word.TISSUE or last.text in {"tissue", "tissues"})
