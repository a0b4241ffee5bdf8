"""The relations of a truth or a reading, looked up by a mention's number."""

from collections.abc import Sequence

from training.synthetic.kinds.sample import Sample
from vlmkg.schema import RelationType, ReportGraph

_LEFT = frozenset(["left", "l", "lt", "lul", "lll", "lingula", "lingular", "leftward", "lfet"])
_RIGHT = frozenset(["right", "r", "rt", "rul", "rml", "rll", "rigth"])
_BOTH = frozenset(
    ["bilateral", "both", "bibasilar", "bibasal", "biapical", "bilaterally", "bilat", "bilatral", "bil", "bibas"]
)


class Links:
    """The mentions' words and the relations between them, by number."""

    """The relations of a graph, looked up by a mention's number."""

    def __init__(self, texts: Sequence[str], edges: Sequence[tuple[int, RelationType, int]]) -> None:
        self._texts = texts
        self._edges = edges

    @staticmethod
    def of_sample(made: Sample) -> "Links":
        """The links of the truth: numbers are indices of `made.words`."""
        return Links([made.text[word.start : word.end] for word in made.words], made.edges)

    @staticmethod
    def of_graph(read: ReportGraph) -> "Links":
        """The links of a reading: numbers are indices of its mentions."""
        edges = [(relation.head, relation.type, relation.tail) for relation in read.relations]
        return Links([mention.text for mention in read.mentions], edges)

    def modifies(self, number: int) -> bool:
        """Whether the mention describes another one."""
        return any(head == number and kind is RelationType.MODIFY for head, kind, _ in self._edges)

    def describing(self, number: int) -> list[str]:
        """The words that describe the mention, directly or indirectly."""
        return [self._texts[one] for one in self._before(number, set())]

    def suggested(self, number: int) -> list[str]:
        """The texts of the mention's explanations, in lower case."""
        return [self._texts[tail].lower() for tail in self.explanations(number)]

    def heads(self, number: int) -> list[int]:
        """The mentions that this mention describes directly."""
        return [head for head, kind, tail in self._edges if tail == number and kind is RelationType.MODIFY]

    def explanations(self, number: int) -> list[int]:
        """The mentions that explain the mention."""
        return [tail for head, kind, tail in self._edges if head == number and kind is RelationType.SUGGESTIVE_OF]

    def side(self, number: int, *, deep: bool = True) -> set[str]:
        """The sides of the mention's places.

        With `deep`, if it has none, the sides of the mentions that it describes.
        """
        sides = {side for place in self._places(number) for side in _sides(self._texts[place])}
        if not sides and deep:
            tails = [tail for head, kind, tail in self._edges if head == number and kind is RelationType.MODIFY]
            sides = {side for tail in tails for side in self.side(tail, deep=False)}
        return sides

    def _places(self, number: int) -> list[int]:
        places = [tail for head, kind, tail in self._edges if head == number and kind is RelationType.LOCATED_AT]
        return [one for place in places for one in (place, *self._before(place, set()))]

    def _before(self, number: int, seen: set[int]) -> list[int]:
        found = []
        for head, kind, tail in self._edges:
            if tail == number and kind is RelationType.MODIFY and head not in seen:
                seen.add(head)
                found += [head, *self._before(head, seen)]
        return found


def _sides(text: str) -> set[str]:
    words = set(text.lower().replace(".", " ").split())
    sides = {"left"} if words & _LEFT else set()
    sides |= {"right"} if words & _RIGHT else set()
    return sides | ({"left", "right"} if words & _BOTH else set())
