"""A small graph with all special cases of queries: equal and unknown times, chains of modifiers, empty studies."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from neo4j import Driver

from graph.records import (
    ConceptRecord,
    ExtractionRecord,
    FindingRecord,
    ImageRecord,
    MentionRecord,
    PatientRecord,
    RelationRecord,
    ReportRecord,
    StudyRecord,
    StudySubgraph,
)
from graph.writes import lock_studies, replace_studies
from vlmkg.identity import digest
from vlmkg.schema import Kind, Presence, RelationType, Witness
from vlmkg.verdicts import ReviewState

START = datetime(2024, 1, 1, 8, tzinfo=UTC)

EFFUSION = ConceptRecord("RID4872", "radlex", "effusion")
PLEURAL_EFFUSION = ConceptRecord("RID34539", "radlex", "pleural effusion")
PERICARDIAL_EFFUSION = ConceptRecord("RID38588", "radlex", "pericardial effusion")
PNEUMONIA = ConceptRecord("RID5350", "radlex", "pneumonia")
VIRAL_PNEUMONIA = ConceptRecord("RID34769", "radlex", "viral pneumonia")
HAZE = ConceptRecord("haze", "local", "haze")
OBSERVATIONS = (EFFUSION, PLEURAL_EFFUSION, PERICARDIAL_EFFUSION, PNEUMONIA, VIRAL_PNEUMONIA, HAZE)

LUNG = ConceptRecord("RID1301", "radlex", "lung")
LEFT_LUNG = ConceptRecord("RID1326", "radlex", "left lung")
LEFT_LOWER_LOBE = ConceptRecord("RID1338", "radlex", "lower lobe of left lung")
HEART = ConceptRecord("RID1385", "radlex", "heart")
PLACES = (LUNG, LEFT_LUNG, LEFT_LOWER_LOBE, HEART)

SMALL = ConceptRecord("RID5774", "radlex", "small")
NEW = ConceptRecord("new", "local", "new")
WARNINGS = ("truncated", "unsure")
MODIFIERS = ((SMALL, "tiny"), (SMALL, "Small"), (NEW, "new"))


def small_graph(seed: int, patients: int = 8) -> list[StudySubgraph]:
    """Studies of some patients, with random gaps."""
    dice = random.Random(seed)
    return [
        _study(dice, f"patient-{seed}-{number}", ordinal)
        for number in range(patients)
        for ordinal in range(dice.randint(1, 4))
    ]


def write(driver: Driver, subgraphs: list[StudySubgraph]) -> None:
    """Write them to the graph as the merge stage does."""
    with driver.session() as session:
        for group in _groups(subgraphs):
            session.execute_write(_replace, group)


def _replace(tx, group):  # type: ignore[no-untyped-def]
    lock_studies(tx)
    replace_studies(tx, group)


def _groups(subgraphs: list[StudySubgraph]) -> Iterator[list[StudySubgraph]]:
    for first in range(0, len(subgraphs), 100):
        yield subgraphs[first : first + 100]


@dataclass
class _Report:
    key: str
    mentions: list[MentionRecord] = field(default_factory=list)
    relations: list[RelationRecord] = field(default_factory=list)

    def add(
        self, kind: Kind, concept: ConceptRecord, text: str, presence: Presence, dice: random.Random,
        finding: FindingRecord | None = None,
    ) -> MentionRecord:  # fmt: skip
        start = self.mentions[-1].end + 1 if self.mentions else 0
        mention_id = digest("mention", self.key, start)
        mention = MentionRecord(
            mention_id=mention_id,
            report_key=self.key,
            kind=kind,
            text=text,
            start=start,
            end=start + len(text),
            section="findings",
            presence=presence,
            score=dice.choice((None, 0.25, 0.5, 0.75)),
            witness=dice.choice(tuple(Witness)),
            concept=concept,
            link_score=1.0,
            link_rule="name",
            finding=finding,
            disputed=_share(mention_id, 3),
        )
        self.mentions.append(mention)
        return mention

    def relate(self, head: MentionRecord, kind: RelationType, tail: MentionRecord) -> None:
        self.relations.append(RelationRecord(head.mention_id, kind, tail.mention_id, None, Witness.RULES))


def _share(key: str, number: int) -> bool:
    """Whether this key is one of every `number`: no dice, so that the rest of the graph stays as it is."""
    return int(key[:8], 16) % number == 0


def _study(dice: random.Random, name: str, ordinal: int) -> StudySubgraph:
    # Few days, so that a patient has several studies on a day; some times are unknown.
    started = dice.choice((None, *(START + timedelta(days=day) for day in range(4))))
    key = digest("study", name, ordinal)
    report = _Report(digest("report", key))
    for _ in range(dice.randint(0, 5)):
        _finding(dice, report)
    record = ReportRecord(report.key, f"r-{key[:8]}", 1, "F", True, started, digest("text", key))
    image = ImageRecord(f"1.2.{int(key[:8], 16)}", "PA", 512, 512, digest("image", key))
    return StudySubgraph(
        PatientRecord(name, dice.choice(("female", "male", None)), dice.choice((1950, None))),
        StudyRecord(key, f"1.3.{int(key[:8], 16)}", None, dice.choice(("CR", "DX", None)), "CHEST", started),
        (record,),
        (image,),
        ExtractionRecord(
            digest("extraction", key), "rules", None, "d1", ("text",), False, START, (report.key,),
            warnings=tuple(code for number, code in enumerate(WARNINGS, start=2) if _share(key, number)),
        ),
        tuple(report.mentions),
        tuple(report.relations),
    )  # fmt: skip


def _finding(dice: random.Random, report: _Report) -> None:
    concept, presence = dice.choice(OBSERVATIONS), dice.choice(tuple(Presence))
    places = dice.sample(PLACES, dice.randint(0, 2))
    made = FindingRecord(
        concept.code, dice.choice((None, "left", "right", "bilateral")), dice.choice((None, "mild")),
        tuple(place.code for place in places), review=dice.choice((ReviewState.UNREVIEWED, *ReviewState)),
    )  # fmt: skip
    finding = report.add(Kind.OBSERVATION, concept, concept.name, presence, dice, made)
    for place in places:
        anatomy = report.add(Kind.ANATOMY, place, place.name, Presence.PRESENT, dice)
        report.relate(finding, RelationType.LOCATED_AT, anatomy)
    modifier = None
    if dice.random() < 0.5:
        modifier = report.add(Kind.OBSERVATION, *dice.choice(MODIFIERS), Presence.PRESENT, dice)
        report.relate(modifier, RelationType.MODIFY, finding)
    others = [m for m in report.mentions if m.finding is not None and m is not finding]
    if others and dice.random() < 0.5:
        # A modifier of a finding may state a suggestion.
        report.relate(dice.choice(others), RelationType.SUGGESTIVE_OF, modifier or finding)
