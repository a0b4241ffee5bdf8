"""Match a reading with a synthetic study's facts: by the report's findings, and by the film facts.

A finding matches a fact if its normalised concept is one of the fact's names, on the fact's side if the film's name has
one. The gold graphs are scored in the same way, which shows the accuracy of the matching itself.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from training.synthetic.facts import Fact, Kind
from vlmkg.pipeline import read_graph
from vlmkg.schema import Presence, ReportGraph

CONCEPTS: Mapping[Kind, frozenset[str]] = {
    Kind.CARDIOMEGALY: frozenset({"cardiomegaly"}),
    Kind.EFFUSION: frozenset({"pleural effusion"}),
    Kind.PNEUMOTHORAX: frozenset({"pneumothorax"}),
    Kind.OPACITY: frozenset(
        {"pulmonary opacity", "opacity", "consolidation", "infiltrate", "airspace disease", "pulmonary density"}
        | {"density", "haziness", "opacification"}
    ),
    Kind.NODULE: frozenset({"pulmonary nodule", "nodule"}),
    Kind.TUBE: frozenset({"endotracheal tube"}),
    Kind.FEEDING: frozenset({"nasogastric tube", "gastric tube", "enteric tube", "orogastric tube", "feeding tube"}),
    Kind.CATHETER: frozenset(
        {"central venous catheter", "catheter", "implanted venous port", "peripherally inserted central catheter"}
    ),
    Kind.PACEMAKER: frozenset(
        {"pacemaker", "automated implantable cardiac defibrillator", "generator", "lead of cardiac device"}
    ),
    Kind.WIRES: frozenset({"sternotomy wire"}),
}
"""The concept names to which the generator's words for a fact are normalised."""
_SIDES = ("left", "right")


class Statement(StrEnum):
    """The statement about a fact."""

    PRESENT = "present"
    UNCERTAIN = "uncertain"
    ABSENT = "absent"
    NOTHING = "nothing"


Findings = Sequence[tuple[str, str | None, Presence]]
"""The findings of a report: concept's name, laterality, presence."""


def findings(text: str, graph: ReportGraph) -> Findings:
    """The findings of a graph of the text, validated and normalised as in service."""
    reading = read_graph(text, graph)
    mentions = reading.graph.mentions
    return [(one.concept.name, one.laterality, mentions[one.mention].presence) for one in reading.findings]


def told_by_report(fact: Fact, found: Findings) -> Statement:
    """The findings' statement about the fact; of several, the most certain positive one."""
    side = next((side for side in _SIDES if fact.film_name.startswith(side)), None)
    said = {
        presence for name, where, presence in found if name in CONCEPTS[fact.kind] and _covers(where, side, presence)
    }
    for presence in (Presence.PRESENT, Presence.UNCERTAIN, Presence.ABSENT):
        if presence in said:
            return Statement(presence.value)
    return Statement.NOTHING


def told_by_film(fact: Fact, shown: Sequence[tuple[str, str]]) -> Statement:
    """The film reading's statement (names with P, U, N) about the fact: what it does not name is absent."""
    label = dict(shown).get(fact.film_name)
    return {"P": Statement.PRESENT, "U": Statement.UNCERTAIN}.get(label or "N", Statement.ABSENT)


def together(report: Statement, film: Statement) -> Statement:
    """The report's statement if it states or denies; else the film's."""
    if report in {Statement.PRESENT, Statement.ABSENT}:
        return report
    return film if film is not Statement.NOTHING else report


def _covers(where: str | None, side: str | None, presence: Presence) -> bool:
    """Whether a statement at `where` applies to the side. A negation without a side applies to both."""
    return side is None or where in {side, "bilateral"} or (where is None and presence is Presence.ABSENT)
