"""The triplets that readers judge: sampled evenly over relation types, and within each in proportion to presence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from training.data.rows import Row
from vlmkg.errors import UsageError
from vlmkg.schema import Kind, Mention, Relation, RelationType


@dataclass(frozen=True, slots=True)
class Item:
    """One triplet with its report. `says` is the kind of its head: anatomy, present, uncertain or absent."""

    name: str
    report_id: str
    report: str
    head: Mention
    relation: RelationType
    tail: Mention

    @property
    def says(self) -> str:
        """The kind of the head."""
        return says(self.head)


@dataclass(frozen=True, slots=True)
class Sample:
    """The items in random order, and the number of triplets of each type."""

    items: tuple[Item, ...]
    triplets: Mapping[str, int]


def says(mention: Mention) -> str:
    """The kind or presence of a mention, as one word."""
    return str(mention.kind if mention.kind is Kind.ANATOMY else mention.presence)


def sample(rows: Sequence[Row], count: int, seed: int) -> Sample:
    """`count` triplets of the graphs. Raises UsageError if there are fewer."""
    rng = Random(seed)  # noqa: S311 - a sample, no secret
    by_type: dict[str, list[tuple[Row, Relation]]] = {}
    for row in rows:
        for relation in row.graph.relations:
            by_type.setdefault(relation.type.value, []).append((row, relation))
    sizes = {name: len(by_type[name]) for name in sorted(by_type)}
    if sum(sizes.values()) < count:
        raise UsageError(f"the graphs have {sum(sizes.values())} triplets, fewer than {count}", "request fewer")
    shares = even_shares(sizes, count)
    drawn = [one for name, share in shares.items() for one in _spread(by_type[name], share, rng)]
    rng.shuffle(drawn)
    return Sample(tuple(_item(at, *one) for at, one in enumerate(drawn, start=1)), sizes)


def even_shares(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """The number to sample of each, as evenly as the sizes allow."""
    shares: dict[str, int] = {}
    left = count
    for place, name in enumerate(sorted(sizes, key=lambda one: sizes[one])):
        shares[name] = min(sizes[name], left // (len(sizes) - place))
        left -= shares[name]
    return shares


def _spread(triplets: Sequence[tuple[Row, Relation]], count: int, rng: Random) -> list[tuple[Row, Relation]]:
    """A systematic sample: at equal steps through the triplets, sorted by presence and shuffled within."""
    order = list(triplets)
    rng.shuffle(order)
    order.sort(key=lambda one: says(one[0].graph.mentions[one[1].head]))
    begin = rng.random()
    return [order[int((at + begin) * len(order) / count)] for at in range(count)]


def _item(place: int, row: Row, relation: Relation) -> Item:
    mentions = row.graph.mentions
    head, tail = mentions[relation.head], mentions[relation.tail]
    return Item(f"T{place:03}", row.study_id, row.report, head, relation.type, tail)
