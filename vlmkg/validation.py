"""Rules that reject triplets, and rules that only warn. Pure functions over one report's graph.

Errors reject a triplet (or a mention, with all its triplets); the rest of the graph is kept. A rejected fact is
recorded with its reason code: it is never dropped silently and never repaired by guessing.

    unparsable             a relation names a mention that is not there
    span_not_in_text       text[start:end] is not the mention's text
    overlap                the mention shares characters with an earlier one
    unknown_relation_type  the schema has no such relation
    self_loop              head and tail are the same mention
    forbidden_type_pair    the schema does not allow the relation between these kinds
    duplicate              the same head, relation and tail once more
    modify_cycle           the edge would close a circle of modify
    unsure                 only the model read it, with low confidence (`vlmkg.witnesses.low_confidence`)

Warnings do not remove facts:

    laterality_clash       one finding is at left and at right, by separate locations
    presence_clash         one concept is present and absent in one report
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vlmkg.engine_protocol import ConceptLink, Finding, ReadingWarning, Rejection
from vlmkg.reading_codes import ReadingCode
from vlmkg.schema import ALLOWED_PAIRS, Mention, Presence, Relation, RelationType, ReportGraph


def validate(text: str, graph: ReportGraph) -> tuple[ReportGraph, list[Rejection]]:
    """The valid part of `graph`, mentions in text order, and the rejections.

    Offsets are checked against `text`. Positions in the relations are rewritten to the kept mentions.
    """
    kept, refused = _keep_mentions(text, graph.mentions)
    return _less(graph, kept, refused)


def refuse(graph: ReportGraph, refused: Mapping[int, str]) -> tuple[ReportGraph, list[Rejection]]:
    """A valid graph without the mentions `refused` (position to reason) and without their relations."""
    return _less(graph, [at for at in range(len(graph.mentions)) if at not in refused], refused)


def mention_error(text: str, mention: Mention, taken_to: int) -> str | None:
    """The reason to reject a mention; `taken_to` is the end of the previous kept mention."""
    if not 0 <= mention.start < mention.end <= len(text) or text[mention.start : mention.end] != mention.text:
        return "span_not_in_text"
    return "overlap" if mention.start < taken_to else None


def relation_error(mentions: tuple[Mention, ...], relation: Relation) -> str | None:
    """The reason to reject a relation between existing mentions, without regard to other relations."""
    allowed = ALLOWED_PAIRS.get(relation.type)
    if allowed is None:
        return "unknown_relation_type"
    if relation.head == relation.tail:
        return "self_loop"
    pair = (mentions[relation.head].kind, mentions[relation.tail].kind)
    return None if pair in allowed else "forbidden_type_pair"


def closes_cycle(modified: dict[int, list[int]], head: int, tail: int) -> bool:
    """Whether `head modify tail` would close a circle, given the tails that each mention modifies."""
    seen, todo = set(), [tail]
    while todo:
        at = todo.pop()
        if at == head:
            return True
        if at not in seen:
            seen.add(at)
            todo += modified.get(at, ())
    return False


def warnings(graph: ReportGraph, links: tuple[ConceptLink, ...], findings: tuple[Finding, ...]) -> list[ReadingWarning]:
    """The warnings of a normalised graph."""
    return [*_laterality_clashes(graph, links, findings), *_presence_clashes(graph, findings)]


def _less(graph: ReportGraph, kept: Sequence[int], refused: Mapping[int, str]) -> tuple[ReportGraph, list[Rejection]]:
    position = {old: new for new, old in enumerate(kept)}
    relations, more = _keep_relations(graph, position, refused)
    mentions = tuple(graph.mentions[old] for old in kept)
    return ReportGraph(mentions, tuple(relations)), [*(_mention_rejection(graph, i, refused) for i in refused), *more]


def _keep_mentions(text: str, mentions: tuple[Mention, ...]) -> tuple[list[int], dict[int, str]]:
    kept: list[int] = []
    refused: dict[int, str] = {}
    taken_to = 0
    for at in sorted(range(len(mentions)), key=lambda i: (mentions[i].start, mentions[i].end, i)):
        reason = mention_error(text, mentions[at], taken_to)
        if reason is None:
            kept.append(at)
            taken_to = mentions[at].end
        else:
            refused[at] = reason
    return kept, refused


def _keep_relations(
    graph: ReportGraph, position: dict[int, int], refused: Mapping[int, str]
) -> tuple[list[Relation], list[Rejection]]:
    kept: list[Relation] = []
    rejections: list[Rejection] = []
    seen: set[tuple[int, RelationType, int]] = set()
    modified: dict[int, list[int]] = {}
    for relation in graph.relations:
        reason = _relation_reason(graph, relation, position, refused, seen, modified)
        if reason is not None:
            rejections.append(_rejection(graph.mentions, relation, reason))
            continue
        seen.add((relation.head, relation.type, relation.tail))
        if relation.type is RelationType.MODIFY:
            modified.setdefault(relation.head, []).append(relation.tail)
        kept.append(_moved(relation, position))
    return kept, rejections


def _moved(relation: Relation, position: dict[int, int]) -> Relation:
    head, tail = position[relation.head], position[relation.tail]
    # Most graphs are in order: then nothing is copied.
    return relation if (head, tail) == (relation.head, relation.tail) else replace(relation, head=head, tail=tail)


def _relation_reason(
    graph: ReportGraph,
    relation: Relation,
    position: dict[int, int],
    refused: Mapping[int, str],
    seen: set[tuple[int, RelationType, int]],
    modified: dict[int, list[int]],
) -> str | None:
    for end in (relation.head, relation.tail):
        if end not in position:
            return refused.get(end, "unparsable")
    reason = relation_error(graph.mentions, relation)
    if reason is not None:
        return reason
    if (relation.head, relation.type, relation.tail) in seen:
        return "duplicate"
    if relation.type is RelationType.MODIFY and closes_cycle(modified, relation.head, relation.tail):
        return "modify_cycle"
    return None


def _rejection(mentions: tuple[Mention, ...], relation: Relation, reason: str) -> Rejection:
    def text(at: int) -> str:
        return mentions[at].text if 0 <= at < len(mentions) else f"#{at}"

    return Rejection(reason, text(relation.head), str(relation.type), text(relation.tail))


def _mention_rejection(graph: ReportGraph, at: int, refused: Mapping[int, str]) -> Rejection:
    mention = graph.mentions[at]
    return Rejection(refused[at], mention.text, "", "", f"{mention.kind} {mention.start}-{mention.end}")


def _laterality_clashes(
    graph: ReportGraph, links: tuple[ConceptLink, ...], findings: tuple[Finding, ...]
) -> list[ReadingWarning]:
    places: dict[int, set[str]] = {}
    for relation in graph.relations:
        if relation.type is RelationType.LOCATED_AT:
            words = set(links[relation.tail].name.lower().split())
            places.setdefault(relation.head, set()).update(words & {"left", "right"})
    return [
        ReadingWarning(ReadingCode.LATERALITY_CLASH, f"{finding.concept.name} at left and at right")
        for finding in findings
        if len(places.get(finding.mention, ())) == 2
    ]


def _presence_clashes(graph: ReportGraph, findings: tuple[Finding, ...]) -> list[ReadingWarning]:
    """Concepts that are present and absent on the same side, or one of the two without a side."""
    sides: dict[tuple[str, str, Presence], set[str]] = {}
    for finding in findings:
        key = (finding.concept.code, finding.concept.name, graph.mentions[finding.mention].presence)
        sides.setdefault(key, set()).update(SIDES_OF[finding.laterality])
    return [
        ReadingWarning(ReadingCode.PRESENCE_CLASH, name)
        for (code, name, presence), present in sides.items()
        if presence is Presence.PRESENT
        and code not in UNNAMED
        and present & sides.get((code, name, Presence.ABSENT), set())
    ]


UNNAMED = frozenset({"CXR:abnormality", "CXR:change"})
"""Unspecific findings: "no acute abnormality" does not contradict another abnormality."""


SIDES_OF: dict[str | None, frozenset[str]] = {
    "left": frozenset({"left"}),
    "right": frozenset({"right"}),
    "bilateral": frozenset({"left", "right"}),
    None: frozenset({"left", "right"}),
}
"""The sides of a statement: both if it has none."""
