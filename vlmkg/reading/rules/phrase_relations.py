"""Relations inside one phrase: what describes what, and where the phrase's finding is."""

from dataclasses import dataclass, field

from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.phrase_anatomy import places
from vlmkg.reading.rules.phrases import Phrase
from vlmkg.schema import RelationType

Edge = tuple[Unit, RelationType, Unit]

_SEVERITIES = frozenset(
    {"mild", "moderate", "severe", "minimal", "borderline", "slight", "marked", "top", "more", "less"}
)
_TIPS = frozenset({"tip", "tips"})


@dataclass(slots=True)
class Part:
    """A phrase as the linking of phrases sees it.

    `heads` are the observations that the phrase is about, `places` its own places. `noun` is True where the head is
    an observation noun. `own` describes the head directly.
    """

    phrase: Phrase
    heads: list[Unit]
    places: list[Unit]
    noun: bool
    own: list[Unit] = field(default_factory=list)

    @property
    def place_only(self) -> bool:
        """Whether the phrase names a place and nothing found there."""
        return not self.heads and bool(self.places)

    @property
    def words_only(self) -> bool:
        """Whether the phrase is describing words alone."""
        return bool(self.heads) and not self.noun and not self.places


def read_inside(phrase: Phrase, edges: list[Edge]) -> Part:
    """The phrase's heads and places; its inner relations are added to `edges`."""
    head = phrase.head
    own_places, pairs = places(phrase.anatomy_groups, of_finding=head is not None or phrase.compared)
    edges += [(unit, RelationType.MODIFY, described) for unit, described in pairs]
    describing = _describe_adjectives(phrase, edges)
    if head is None and phrase.compared:
        return Part(phrase, describing, own_places, noun=False)
    if head is None:
        edges += [(unit, RelationType.LOCATED_AT, place) for unit in describing for place in own_places]
        return Part(phrase, describing, own_places, noun=False)
    described = _compound(phrase.nouns, edges)
    edges += [(unit, RelationType.MODIFY, described) for unit in describing]
    edges += [(described, RelationType.LOCATED_AT, place) for place in own_places]
    return Part(phrase, [head], own_places, noun=True, own=describing)


def _compound(nouns: list[Unit], edges: list[Edge]) -> Unit:
    """Earlier nouns describe the head; but a tip describes its device. Returns the noun that the rest describes."""
    head = nouns[-1]
    if head.text in _TIPS and len(nouns) > 1:
        edges += [(head, RelationType.MODIFY, nouns[-2])]
        edges += [(noun, RelationType.MODIFY, nouns[-2]) for noun in nouns[:-2]]
        return nouns[-2]
    edges += [(noun, RelationType.MODIFY, head) for noun in nouns[:-1]]
    return head


def _describe_adjectives(phrase: Phrase, edges: list[Edge]) -> list[Unit]:
    """The adjectives that describe the head; adverbs of degree are tied to the adjective after them."""
    free = []
    units = phrase.units
    noun = phrase.head is not None
    for index, unit in enumerate(units):
        if unit not in phrase.describing:
            continue
        following = units[index + 1] if index + 1 < len(units) else None
        is_degree = unit.word is Word.DEGREE or (unit.text in _SEVERITIES and not noun)
        if is_degree and following is not None and following in phrase.describing:
            edges.append((unit, RelationType.MODIFY, following))
        else:
            free.append(unit)
    return free
