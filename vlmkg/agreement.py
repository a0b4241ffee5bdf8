"""Two witnesses of one report: the model's graph and the rules' become one, and each fact says who read it.

    read by                                   stands in the graph        witness
    both: same span, kind and presence        once                       both
    both, but of another presence             as uncertain, `disputed`   who said uncertain, else model
    the model alone                           as the model read it       model
    the rules alone, where the model read     as the rules read it       rules
      nothing
    the rules alone, across a span of the     not: the model's span      model
      model                                   stands, disputed where
                                              the presences differ

Why uncertain: shown as present, a negated finding would come out as a positive one; shown as absent, a real one would
be hidden. Neither witness is asked to win. Relations are the same when their ends and type are. A relation of the
rules is added where its ends stand in the graph, but never so that it makes a modifier of what the model holds as a
finding (docs/decisions/0110-two-witnesses.md).

Model and rules are not independent (the model's silver labels come from the rules): that they agree confirms nothing.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph, Witness


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many mentions and relations were read by both, by the model alone and by the rules alone.

    `disputed` mentions are those of which the two say another presence; they are among the counts too.
    """

    mentions_both: int = 0
    mentions_model: int = 0
    mentions_rules: int = 0
    relations_both: int = 0
    relations_model: int = 0
    relations_rules: int = 0
    disputed: int = 0


def combine(model: ReportGraph, rules: ReportGraph) -> ReportGraph:
    """One graph of both, with the witness of each fact. Each of the two is valid for itself, mentions in text order."""
    overlaps = _overlaps(model.mentions, rules.mentions)
    place = {at: _place(model.mentions, mention, overlaps[at]) for at, mention in enumerate(rules.mentions)}
    added = _added(rules, overlaps, place)
    held = [_judged(mention, rules.mentions, sharing) for mention, sharing in _shared(model.mentions, overlaps)]
    place |= {at: len(held) + number for number, at in enumerate(added)}
    held += [replace(rules.mentions[at], witness=Witness.RULES) for at in added]
    same = {
        at
        for at, mention in enumerate(rules.mentions)
        if any(_is_same(model.mentions[i], mention) for i in overlaps[at])
    }
    relations = _relations(model, rules, place, same, frozenset(added))
    return _in_text_order(held, relations)


def count(graph: ReportGraph) -> Agreement:
    """The counts over a combined graph."""
    mentions = Counter(mention.witness for mention in graph.mentions)
    relations = Counter(relation.witness for relation in graph.relations)
    return Agreement(
        mentions_both=mentions[Witness.BOTH],
        mentions_model=mentions[Witness.MODEL],
        mentions_rules=mentions[Witness.RULES],
        relations_both=relations[Witness.BOTH],
        relations_model=relations[Witness.MODEL],
        relations_rules=relations[Witness.RULES],
        disputed=sum(mention.disputed for mention in graph.mentions),
    )


def total(parts: Sequence[Agreement]) -> Agreement:
    """The counts of several reports together."""
    return Agreement(
        mentions_both=sum(part.mentions_both for part in parts),
        mentions_model=sum(part.mentions_model for part in parts),
        mentions_rules=sum(part.mentions_rules for part in parts),
        relations_both=sum(part.relations_both for part in parts),
        relations_model=sum(part.relations_model for part in parts),
        relations_rules=sum(part.relations_rules for part in parts),
        disputed=sum(part.disputed for part in parts),
    )


def _overlaps(model: Sequence[Mention], rules: Sequence[Mention]) -> list[range]:
    """For each mention of the rules, the positions of the model's mentions that share characters with it."""
    starts = [mention.start for mention in model]
    ends = [mention.end for mention in model]
    return [range(bisect_right(ends, mention.start), bisect_left(starts, mention.end)) for mention in rules]


def _is_same(one: Mention, other: Mention) -> bool:
    return (one.start, one.end, one.kind) == (other.start, other.end, other.kind)


def _place(model: Sequence[Mention], mention: Mention, sharing: range) -> int | None:
    """The one mention of the model that a mention of the rules is, or is a part or a widening of; None where unsure."""
    return sharing[0] if len(sharing) == 1 and model[sharing[0]].kind is mention.kind else None


def _added(rules: ReportGraph, overlaps: Sequence[range], place: dict[int, int | None]) -> list[int]:
    """The mentions of the rules that come into the graph: where the model read nothing.

    A modifier whose described mention has no place in the graph stays out: alone it would pass for a finding.
    """
    free = {at for at, sharing in enumerate(overlaps) if not sharing}
    described: dict[int, list[int]] = {}
    for relation in rules.relations:
        if relation.type is RelationType.MODIFY:
            described.setdefault(relation.head, []).append(relation.tail)

    def lost(at: int) -> bool:
        tails = described.get(at, ())
        return bool(tails) and not any(tail in free or place[tail] is not None for tail in tails)

    while gone := {at for at in free if rules.mentions[at].kind is Kind.OBSERVATION and lost(at)}:
        free -= gone
    return sorted(free)


def _shared(model: Sequence[Mention], overlaps: Sequence[range]) -> list[tuple[Mention, list[int]]]:
    """Each mention of the model with the positions of the rules' mentions that share characters with it."""
    sharing: list[list[int]] = [[] for _ in model]
    for at, positions in enumerate(overlaps):
        for position in positions:
            sharing[position].append(at)
    return list(zip(model, sharing, strict=True))


def _judged(mention: Mention, rules: Sequence[Mention], sharing: Sequence[int]) -> Mention:
    """The model's mention after the rules were heard."""
    others = [rules[at] for at in sharing if rules[at].kind is mention.kind]
    same = next((other for other in others if _is_same(mention, other)), None)
    if all(other.presence is mention.presence for other in others):
        return replace(mention, witness=Witness.BOTH if same else Witness.MODEL)
    said_by_rules = same is not None and same.presence is Presence.UNCERTAIN
    witness = Witness.RULES if said_by_rules else Witness.MODEL
    return replace(mention, presence=Presence.UNCERTAIN, disputed=True, witness=witness)


def _relations(
    model: ReportGraph, rules: ReportGraph, place: dict[int, int | None], same: set[int], added: frozenset[int]
) -> list[Relation]:
    """The relations between the combined graph's mentions: the model's first, then those that the rules add."""
    stand = same | added
    read = {(place[r.head], r.type, place[r.tail]) for r in rules.relations if r.head in stand and r.tail in stand}
    held = {(relation.head, relation.type, relation.tail) for relation in model.relations}
    combined = [
        replace(one, witness=Witness.BOTH if (one.head, one.type, one.tail) in read else Witness.MODEL)
        for one in model.relations
    ]
    for relation in rules.relations:
        head, tail = place[relation.head], place[relation.tail]
        demotes = relation.type is RelationType.MODIFY and relation.head not in added
        if head is None or tail is None or head == tail or demotes or (head, relation.type, tail) in held:
            continue
        held.add((head, relation.type, tail))
        combined.append(Relation(head, relation.type, tail, witness=Witness.RULES))
    return combined


def _in_text_order(mentions: Sequence[Mention], relations: Sequence[Relation]) -> ReportGraph:
    order = sorted(range(len(mentions)), key=lambda at: mentions[at].start)
    position = {old: new for new, old in enumerate(order)}
    return ReportGraph(
        tuple(mentions[at] for at in order),
        tuple(replace(one, head=position[one.head], tail=position[one.tail]) for one in relations),
    )
