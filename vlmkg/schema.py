"""The graph of one report: mentions with spans, and typed relations between them.

The schema is RadGraph's (Jain et al., 2021): observations and anatomy, each observation present, uncertain or
absent, joined by `modify`, `located_at` and `suggestive_of`. Everything here is plain immutable data.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kind of a mention."""

    OBSERVATION = "observation"
    ANATOMY = "anatomy"


class Presence(StrEnum):
    """The report's statement about an observation. Anatomy is always `present`."""

    PRESENT = "present"
    UNCERTAIN = "uncertain"
    ABSENT = "absent"


class RelationType(StrEnum):
    """The relations, from the describing mention (head) to the described one (tail)."""

    MODIFY = "modify"
    LOCATED_AT = "located_at"
    SUGGESTIVE_OF = "suggestive_of"


class Witness(StrEnum):
    """Which engine read a fact."""

    MODEL = "model"
    RULES = "rules"
    BOTH = "both"


ALLOWED_PAIRS: dict[RelationType, frozenset[tuple[Kind, Kind]]] = {
    RelationType.MODIFY: frozenset({(Kind.OBSERVATION, Kind.OBSERVATION), (Kind.ANATOMY, Kind.ANATOMY)}),
    RelationType.LOCATED_AT: frozenset({(Kind.OBSERVATION, Kind.ANATOMY)}),
    RelationType.SUGGESTIVE_OF: frozenset({(Kind.OBSERVATION, Kind.OBSERVATION)}),
}
"""The (head kind, tail kind) pairs that each relation may join."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of the report that names an observation or a piece of anatomy.

    `start` and `end` are half-open code-point offsets into the report's text: `report[start:end] == text`.
    `section` is the lower-case name of its section (findings, impression, addendum).
    `score` is the mean token probability of the decoded span in [0, 1]; None for rules.
    `disputed`: model and rules disagree on its presence or kind. If the model always leads, it is uncertain
    (witnesses.agreement); else it is as the rules read it, and `other_presence` is the model's (witnesses.lead); None
    if that is the same or not stated.
    """

    start: int
    end: int
    text: str
    kind: Kind
    presence: Presence
    section: str
    score: float | None = None
    witness: Witness = Witness.RULES
    disputed: bool = False
    other_presence: Presence | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A directed edge between two mentions, given by their positions in `ReportGraph.mentions`."""

    head: int
    type: RelationType
    tail: int
    score: float | None = None
    witness: Witness = Witness.RULES


@dataclass(frozen=True, slots=True)
class ReportGraph:
    """All mentions of one report in text order, without overlaps, and the relations between them."""

    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
