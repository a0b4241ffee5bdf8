"""Two witnesses of one text where the model leads: their graphs become one, and each fact says who read it.

    read by                                   stands in the graph                       warned of as
    both: same span, kind and presence        once, `both`
    the model alone, the rules alone          as it was read, `model` or `rules`
    both, but of another presence             uncertain, `disputed`                     presence_conflict
    the rules as a finding,                   the rules' finding in its place,          kind_conflict
      the model as anatomy                      uncertain and `disputed`, unless denied
    the model as a finding,                   uncertain and `disputed`, unless denied   kind_conflict
      the rules as anatomy
    one as a finding, the other as what       as the model read it; but where that      role_conflict
      describes another observation             hides a finding of the rules below a
                                                denied one, as a finding, uncertain
                                                and `disputed`
    both as observations or both as anatomy,  the model's span
      across unequal spans

A finding is an observation that describes no other. Why uncertain: shown as present, a negated finding would come out
as a positive one, or a word of anatomy as a finding; shown as absent, or not at all, a real one would be hidden.
What one reads as a description and the other as anatomy is no finding to either: the
model's stands, and only its witness tells. Relations are the same when their ends and type are. A relation of the rules
is added where its ends stand in the graph, but never so that it makes a modifier of what the model holds as a finding
(docs/decisions/0110-two-witnesses.md, 0084-no-finding-lost-in-silence.md).

Model and rules are not independent (the model's silver labels come from the rules): that they agree confirms nothing.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from vlmkg.engine_protocol import Agreement
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph, Witness
from vlmkg.witnesses.comparison import (
    KIND,
    PRESENCE,
    ROLE,
    Combined,
    Conflict,
    described_by,
    findings_of,
    is_same,
    overlaps_of,
    shared_with,
)


class _Judged(NamedTuple):
    """The model's mentions and relations after the rules were heard, in the model's order."""

    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    conflicts: tuple[Conflict, ...]


def combine(model: ReportGraph, rules: ReportGraph) -> Combined:
    """One graph of both, with the witness of each fact. Each of the two is valid for itself, mentions in text order."""
    hidden = _hidden(model, rules)
    model = _without(model, {i for positions in hidden.values() for i in positions})
    overlaps = overlaps_of(model.mentions, rules.mentions)
    judged = _judge_roles(model, rules, overlaps, _judge_mentions(model, rules, overlaps))
    place = {at: _place(model.mentions, mention, overlaps[at]) for at, mention in enumerate(rules.mentions)}
    added = _added(rules, overlaps, place)
    place |= {at: len(judged.mentions) + number for number, at in enumerate(added)}
    same = {at for at, mention in enumerate(rules.mentions) if _equal(model.mentions, mention, overlaps[at])}
    relations = _relations(judged.relations, rules, place, same, frozenset(added))
    alone = [replace(rules.mentions[at], witness=Witness.RULES) for at in added]
    held = [*judged.mentions, *(_unsure(one) if at in hidden else one for at, one in zip(added, alone, strict=True))]
    named = (Conflict(KIND, rules.mentions[at].text, rules.mentions[at].start) for at in hidden)
    return Combined(_in_text_order(held, relations), (*named, *judged.conflicts))


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


def _place(model: Sequence[Mention], mention: Mention, sharing: range) -> int | None:
    """The one mention of the model that a mention of the rules is, or is a part or a widening of; None where unsure."""
    return sharing[0] if len(sharing) == 1 and model[sharing[0]].kind is mention.kind else None


def _equal(model: Sequence[Mention], mention: Mention, sharing: range) -> bool:
    return any(is_same(model[i], mention) for i in sharing)


def _hidden(model: ReportGraph, rules: ReportGraph) -> dict[int, range]:
    """The findings of the rules that are anatomy to the model and nothing else, with the positions of that anatomy."""
    overlaps = overlaps_of(model.mentions, rules.mentions)
    return {
        at: overlaps[at]
        for at in findings_of(rules)
        if overlaps[at] and all(model.mentions[i].kind is Kind.ANATOMY for i in overlaps[at])
    }


def _without(graph: ReportGraph, gone: Collection[int]) -> ReportGraph:
    """The graph less some of its mentions and all that hangs on them."""
    kept = [at for at in range(len(graph.mentions)) if at not in gone]
    position = {old: new for new, old in enumerate(kept)}
    relations = [one for one in graph.relations if one.head in position and one.tail in position]
    return ReportGraph(
        tuple(graph.mentions[at] for at in kept),
        tuple(replace(one, head=position[one.head], tail=position[one.tail]) for one in relations),
    )


def _judge_mentions(model: ReportGraph, rules: ReportGraph, overlaps: Sequence[range]) -> _Judged:
    """Who else read each mention of the model, and of what presence and kind."""
    findings = set(findings_of(model))
    held: list[Mention] = []
    conflicts: list[Conflict] = []
    sharing = shared_with(len(model.mentions), overlaps)
    for at, mention in enumerate(model.mentions):
        heard = [rules.mentions[i] for i in sharing[at]]
        judged, reason = _judged(mention, heard, is_finding=at in findings)
        held.append(judged)
        conflicts += [Conflict(reason, mention.text, mention.start)] if reason else []
    return _Judged(tuple(held), model.relations, tuple(conflicts))


def _judged(mention: Mention, heard: Sequence[Mention], *, is_finding: bool) -> tuple[Mention, str]:
    """The model's mention after the rules' mentions that share characters with it were heard; the conflict, or ""."""
    others = [other for other in heard if other.kind is mention.kind]
    same = next((other for other in others if is_same(mention, other)), None)
    if any(other.presence is not mention.presence for other in others):
        witness = Witness.RULES if same is not None and same.presence is Presence.UNCERTAIN else Witness.MODEL
        return replace(mention, presence=Presence.UNCERTAIN, disputed=True, witness=witness), PRESENCE
    if is_finding and heard and not others:
        return _unsure(replace(mention, witness=Witness.MODEL)), KIND
    return replace(mention, witness=Witness.BOTH if same else Witness.MODEL), ""


def _unsure(mention: Mention) -> Mention:
    """An observation that the other witness takes for something else: uncertain. Nobody says that a denied one is."""
    if mention.presence is Presence.ABSENT:
        return mention
    return replace(mention, presence=Presence.UNCERTAIN, disputed=True)


def _judge_roles(model: ReportGraph, rules: ReportGraph, overlaps: Sequence[range], judged: _Judged) -> _Judged:
    """Where one witness has a finding and the other what describes an observation.

    The model's reading stands, as long as a finding of the rules, unless they deny it, is told with one that is not
    denied. Else what the model has of it becomes a finding: it describes nothing outside itself any more.
    """
    described = described_by(model)
    mentions, lifted, conflicts = list(judged.mentions), set[tuple[int, int]](), list(judged.conflicts)
    for at in findings_of(rules):
        parts = [i for i in overlaps[at] if model.mentions[i].kind is Kind.OBSERVATION]
        if not parts or not all(i in described for i in parts):
            continue
        conflicts.append(Conflict(ROLE, rules.mentions[at].text, rules.mentions[at].start))
        if rules.mentions[at].presence is not Presence.ABSENT and _all_denied(parts, described, judged.mentions):
            lifted |= {(i, tail) for i in parts for tail in described[i] if tail not in parts}
    for head in {head for head, _ in lifted}:
        mentions[head] = replace(mentions[head], presence=Presence.UNCERTAIN, disputed=True)
    return _Judged(
        tuple(mentions),
        tuple(
            one for one in judged.relations if one.type is not RelationType.MODIFY or (one.head, one.tail) not in lifted
        ),
        (*conflicts, *_described_by_rules(model, rules, overlaps)),
    )


def _all_denied(parts: Sequence[int], described: Mapping[int, Sequence[int]], mentions: Sequence[Mention]) -> bool:
    """Whether every finding that the parts describe, directly or through others, is denied."""
    seen: set[int] = set()
    todo = list(parts)
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo += described.get(at, ())
    return all(mentions[at].presence is Presence.ABSENT for at in seen if at not in described)


def _described_by_rules(model: ReportGraph, rules: ReportGraph, overlaps: Sequence[range]) -> list[Conflict]:
    """The findings of the model that only describe to the rules."""
    described = described_by(rules)
    sharing = shared_with(len(model.mentions), overlaps)
    found: list[Conflict] = []
    for at in findings_of(model):
        others = [i for i in sharing[at] if rules.mentions[i].kind is Kind.OBSERVATION]
        if others and all(i in described for i in others):
            found.append(Conflict(ROLE, model.mentions[at].text, model.mentions[at].start))
    return found


def _added(rules: ReportGraph, overlaps: Sequence[range], place: Mapping[int, int | None]) -> list[int]:
    """The mentions of the rules that come into the graph: where the model read nothing.

    What describes an observation that has no place in the graph stays out: alone it would pass for a finding.
    """
    free = {at for at, sharing in enumerate(overlaps) if not sharing}
    described = described_by(rules)

    def lost(at: int) -> bool:
        tails = described.get(at, ())
        return bool(tails) and not any(tail in free or place[tail] is not None for tail in tails)

    while gone := {at for at in free if rules.mentions[at].kind is Kind.OBSERVATION and lost(at)}:
        free -= gone
    return sorted(free)


def _relations(
    model: Sequence[Relation],
    rules: ReportGraph,
    place: Mapping[int, int | None],
    same: set[int],
    added: frozenset[int],
) -> list[Relation]:
    """The relations between the combined graph's mentions: the model's first, then those that the rules add."""
    stand = same | added
    read = {(place[r.head], r.type, place[r.tail]) for r in rules.relations if r.head in stand and r.tail in stand}
    held = {(relation.head, relation.type, relation.tail) for relation in model}
    combined = [
        replace(one, witness=Witness.BOTH if (one.head, one.type, one.tail) in read else Witness.MODEL) for one in model
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
