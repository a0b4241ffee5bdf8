"""Two witnesses of one text where the rules lead: their graph stands, and what the model reads otherwise is shown.

    read by                                   stands in the graph                       told as
    both: same span, kind and presence        once, `both`
    the rules alone                           as they read it, `rules`
    both, but of another presence             as the rules read it, `disputed`,         presence_conflict
                                              with the model's presence beside it
    the rules as a finding,                   the rules' finding, `disputed`            kind_conflict
      the model as anatomy
    the model as a finding,                   the rules' anatomy                        kind_conflict
      the rules as anatomy
    one as a finding, the other as what       as the rules read it                      role_conflict
      describes another observation
    the model alone                           not; among the rejections                 model_alone

No presence, no span and no relation of the rules changes, so the reading is never worse than theirs
(docs/decisions/0232-the-manifest-says-who-leads.md).
"""

from collections.abc import Sequence
from dataclasses import replace

from vlmkg.schema import Kind, Mention, Relation, ReportGraph, Witness
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


def combine(model: ReportGraph, rules: ReportGraph) -> Combined:
    """The rules' graph with the witness of each fact. Each of the two is valid for itself, mentions in text order."""
    overlaps = overlaps_of(model.mentions, rules.mentions)
    findings = set(findings_of(rules))
    held: list[Mention] = []
    conflicts: list[Conflict] = []
    for at, mention in enumerate(rules.mentions):
        judged, reason = _judged(mention, [model.mentions[i] for i in overlaps[at]], is_finding=at in findings)
        held.append(judged)
        conflicts += [Conflict(reason, mention.text, mention.start)] if reason else []
    conflicts += [*_findings_in_anatomy(model, rules, overlaps), *_roles(model, rules, overlaps)]
    return Combined(ReportGraph(tuple(held), tuple(_relations(model, rules, overlaps))), tuple(conflicts))


def _judged(mention: Mention, heard: Sequence[Mention], *, is_finding: bool) -> tuple[Mention, str]:
    """The rules' mention after the model's that share characters with it were heard; the conflict, or ""."""
    others = [other for other in heard if other.kind is mention.kind]
    same = next((other for other in others if is_same(mention, other)), None)
    score = same.score if same else None
    differing = next((other for other in others if other.presence is not mention.presence), None)
    if differing:
        return replace(mention, score=score, disputed=True, other_presence=differing.presence), PRESENCE
    if is_finding and heard and not others:
        return replace(mention, disputed=True), KIND
    return replace(mention, score=score, witness=Witness.BOTH) if same else mention, ""


def _findings_in_anatomy(model: ReportGraph, rules: ReportGraph, overlaps: Sequence[range]) -> list[Conflict]:
    """The findings of the model that are anatomy to the rules and nothing else."""
    sharing = shared_with(len(model.mentions), overlaps)
    return [
        Conflict(KIND, model.mentions[at].text, model.mentions[at].start)
        for at in findings_of(model)
        if sharing[at] and all(rules.mentions[i].kind is Kind.ANATOMY for i in sharing[at])
    ]


def _roles(model: ReportGraph, rules: ReportGraph, overlaps: Sequence[range]) -> list[Conflict]:
    """The findings of each that only describe another observation to the other."""
    sharing = shared_with(len(model.mentions), overlaps)
    return [
        *_only_described(rules, model, overlaps, described_by(model)),
        *_only_described(model, rules, sharing, described_by(rules)),
    ]


def _only_described(
    graph: ReportGraph, other: ReportGraph, sharing: Sequence[Sequence[int]], described: dict[int, list[int]]
) -> list[Conflict]:
    found = []
    for at in findings_of(graph):
        parts = [i for i in sharing[at] if other.mentions[i].kind is Kind.OBSERVATION]
        if parts and all(i in described for i in parts):
            found.append(Conflict(ROLE, graph.mentions[at].text, graph.mentions[at].start))
    return found


def _relations(model: ReportGraph, rules: ReportGraph, overlaps: Sequence[range]) -> list[Relation]:
    """The rules' relations, each with who read it: both where the ends are the same mentions."""
    twin = {
        i: at for at, mention in enumerate(rules.mentions) for i in overlaps[at] if is_same(mention, model.mentions[i])
    }
    read = {(twin.get(one.head), one.type, twin.get(one.tail)): one for one in model.relations}
    found = []
    for relation in rules.relations:
        same = read.get((relation.head, relation.type, relation.tail))
        found.append(replace(relation, score=same.score, witness=Witness.BOTH) if same else relation)
    return found
