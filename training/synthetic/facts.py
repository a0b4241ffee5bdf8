"""The facts of a synthetic study: what is true, what the film shows, and what the report says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from vlmkg.numbered_tokens import Label


class Kind(StrEnum):
    """The kind of a fact."""

    CARDIOMEGALY = "cardiomegaly"
    EFFUSION = "effusion"
    PNEUMOTHORAX = "pneumothorax"
    OPACITY = "opacity"
    NODULE = "nodule"
    TUBE = "tube"
    FEEDING = "feeding"
    CATHETER = "catheter"
    PACEMAKER = "pacemaker"
    WIRES = "wires"


class Told(StrEnum):
    """The sources of a fact: report, film or both."""

    BOTH = "both"
    REPORT_ONLY = "report_only"
    FILM_ONLY = "film_only"
    HEDGED = "hedged"
    HOLE = "hole"
    STALE = "stale"


DEVICES = frozenset({Kind.TUBE, Kind.FEEDING, Kind.CATHETER, Kind.PACEMAKER, Kind.WIRES})
SIDED = frozenset({Kind.EFFUSION, Kind.PNEUMOTHORAX, Kind.OPACITY, Kind.NODULE, Kind.CATHETER, Kind.PACEMAKER})
SHARES: Mapping[Told, float] = {
    Told.BOTH: 0.44,
    Told.REPORT_ONLY: 0.10,
    Told.FILM_ONLY: 0.20,
    Told.HEDGED: 0.10,
    Told.HOLE: 0.08,
    Told.STALE: 0.08,
}
"""The shares of the sources. Stored in the manifest of written studies."""
CHANCES: Mapping[Kind, float] = {
    Kind.CARDIOMEGALY: 0.25,
    Kind.EFFUSION: 0.17,
    Kind.PNEUMOTHORAX: 0.08,
    Kind.OPACITY: 0.16,
    Kind.NODULE: 0.08,
    Kind.TUBE: 0.08,
    Kind.FEEDING: 0.08,
    Kind.CATHETER: 0.08,
    Kind.PACEMAKER: 0.06,
    Kind.WIRES: 0.10,
}
"""How often a study has the kind; for sided kinds, on each side."""
ZONES = ("upper", "middle", "lower")
STALE_PRESENT = 0.5
"""The share of stale films with a finding that the report says has resolved; the others lack a new finding of the
report.
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a study. `side` is the patient's, empty for kinds without one; `zone` is of opacities and nodules.

    `size` is 1 small, 2 moderate, 3 large. `true` is the truth when the report was written; `drawn` is what the
    film shows.
    """

    kind: Kind
    told: Told
    true: bool
    drawn: bool
    size: int
    side: str = ""
    zone: str = ""

    @property
    def film_name(self) -> str:
        """Its name in the closed list of film facts (`vlmkg/film_names.txt`)."""
        return _FILM_NAMES[self.kind].format(side=self.side)


_FILM_NAMES = {
    Kind.CARDIOMEGALY: "cardiomegaly",
    Kind.EFFUSION: "{side} pleural effusion",
    Kind.PNEUMOTHORAX: "{side} pneumothorax",
    Kind.OPACITY: "{side} lung opacity",
    Kind.NODULE: "{side} lung nodule",
    Kind.TUBE: "endotracheal tube",
    Kind.FEEDING: "nasogastric tube",
    Kind.CATHETER: "central venous catheter",
    Kind.PACEMAKER: "pacemaker",
    Kind.WIRES: "sternal wires",
}


def draw_facts(rng: Random, shares: Mapping[Told, float] = SHARES) -> tuple[Fact, ...]:
    """The facts of one study that are true, or that report or film show."""
    facts = tuple(_facts(rng, shares))
    filled = {fact.side for fact in facts if fact.kind is Kind.EFFUSION}
    return tuple(_seen_beside_fluid(fact) if fact.side in filled else fact for fact in facts)


def _seen_beside_fluid(fact: Fact) -> Fact:
    """On a side with fluid: reduce it, and move shadows above it, so that the film shows both."""
    if fact.kind is Kind.EFFUSION:
        return replace(fact, size=min(fact.size, 2))
    return replace(fact, zone="upper") if fact.zone else fact


def drawn_facts(facts: tuple[Fact, ...]) -> tuple[tuple[str, Label], ...]:
    """All facts of the film, by name, as seen without the report."""
    return tuple({fact.film_name: Label.PRESENT for fact in facts if fact.drawn}.items())


def film_facts(facts: tuple[Fact, ...]) -> tuple[tuple[str, Label], ...]:
    """The facts to read from the film, by name: film-only facts, and those that the report leaves open.

    What the report states or denies is read from the report, even if a stale film differs.
    """
    found: dict[str, Label] = {}
    for fact in facts:
        if fact.told in {Told.FILM_ONLY, Told.HEDGED, Told.HOLE}:
            found[fact.film_name] = Label.PRESENT if fact.drawn else Label.ABSENT
    return tuple(found.items())


def _facts(rng: Random, shares: Mapping[Told, float]) -> Iterator[Fact]:
    one_side = {Kind.CATHETER, Kind.PACEMAKER}
    for kind, chance in CHANCES.items():
        sides = ("left", "right") if kind in SIDED else ("",)
        for side in (rng.choice(sides),) if kind in one_side else sides:
            if rng.random() < chance:
                yield _fact(rng, kind, side, rng.choices(list(shares), list(shares.values()))[0])


def _fact(rng: Random, kind: Kind, side: str, told: Told) -> Fact:
    true, drawn = True, True
    if told is Told.REPORT_ONLY:
        drawn = False
    elif told is Told.STALE:
        drawn = rng.random() < STALE_PRESENT
        true = not drawn
    elif told is Told.HEDGED:
        true = drawn = rng.random() < 0.5
    zone = rng.choice(ZONES) if kind in {Kind.OPACITY, Kind.NODULE} else ""
    return Fact(kind, told, true, drawn, rng.choices((1, 2, 3), (5, 3, 2))[0], side, zone)
