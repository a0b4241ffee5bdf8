"""What a reading says of a synthetic study's facts: by its report's findings, and by what it made of the film.

A finding tells of a fact when its normalised concept is one of the fact's names, at the fact's side where the film's
name has one. The gold graphs are scored in the same way, which shows how far this matching itself can be trusted.
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
"""The names of the concepts that the generator's words for a fact are normalised to."""
_SIDES = ("left", "right")


class Statement(StrEnum):
    """What is said of a fact."""

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
    """What the findings say of the fact; of several statements the surest that it is there."""
    side = next((side for side in _SIDES if fact.film_name.startswith(side)), None)
    said = {
        presence for name, where, presence in found if name in CONCEPTS[fact.kind] and _covers(where, side, presence)
    }
    for presence in (Presence.PRESENT, Presence.UNCERTAIN, Presence.ABSENT):
        if presence in said:
            return Statement(presence.value)
    return Statement.NOTHING


def told_by_film(fact: Fact, shown: Sequence[tuple[str, str]]) -> Statement:
    """What a reading of the film (names with P, U, N) says of the fact: what it does not name is not there."""
    label = dict(shown).get(fact.film_name)
    return {"P": Statement.PRESENT, "U": Statement.UNCERTAIN}.get(label or "N", Statement.ABSENT)


def together(report: Statement, film: Statement) -> Statement:
    """The report where it states or denies; the film where the report doubts or is silent."""
    if report in {Statement.PRESENT, Statement.ABSENT}:
        return report
    return film if film is not Statement.NOTHING else report


def _covers(where: str | None, side: str | None, presence: Presence) -> bool:
    """Whether what is said at `where` is said of the side. A denial without a side denies both."""
    return side is None or where in {side, "bilateral"} or (where is None and presence is Presence.ABSENT)
