"""A graph of made-up patients, as the records that the merge writes: the same for the same seed.

Findings follow what chest reports look like: few concepts make up most of them, about half are negated, some have
places, sides and modifiers, some suggest another. A tenth of the studies has no known time.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from graph.records import (
    ConceptRecord,
    ExtractionRecord,
    FindingRecord,
    MentionRecord,
    PatientRecord,
    RelationRecord,
    ReportRecord,
    StudyRecord,
    StudySubgraph,
)
from vlmkg.identity import digest
from vlmkg.schema import Kind, Presence, RelationType, Witness

START = datetime(2015, 1, 1, tzinfo=UTC)
CONCEPTS = (
    (ConceptRecord("RID34539", "radlex", "pleural effusion"), 30),
    (ConceptRecord("RID5352", "radlex", "pneumothorax"), 25),
    (ConceptRecord("CXR:cardiomegaly", "vlmkg", "cardiomegaly"), 12),
    (ConceptRecord("RID28493", "radlex", "atelectasis"), 10),
    (ConceptRecord("RID28513", "radlex", "linear atelectasis"), 4),
    (ConceptRecord("RID4866", "radlex", "pulmonary edema"), 6),
    (ConceptRecord("RID5350", "radlex", "pneumonia"), 8),
    (ConceptRecord("RID34769", "radlex", "viral pneumonia"), 1),
    (ConceptRecord("RID3875", "radlex", "nodule"), 3),
    (ConceptRecord("unremarkable bronchogram", "local", "unremarkable bronchogram"), 1),
)
PLACES = (
    ConceptRecord("RID1326", "radlex", "left lung"),
    ConceptRecord("RID1302", "radlex", "right lung"),
    ConceptRecord("RID1338", "radlex", "lower lobe of left lung"),
    ConceptRecord("RID1363", "radlex", "pleural space"),
)
MODIFIERS = ("small", "large", "stable", "new")


def synthetic_graph(patients: int, *, studies: int = 5, findings: int = 10, seed: int = 1) -> Iterator[StudySubgraph]:
    """`patients` patients with `studies` studies each and `findings` findings a study."""
    rng = random.Random(seed)
    for number in range(patients):
        patient = PatientRecord(
            digest("patient", seed, number), rng.choice(("female", "male")), rng.randint(1930, 2000)
        )
        for ordinal in range(studies):
            yield _study(rng, patient, ordinal, findings)


def _study(rng: random.Random, patient: PatientRecord, ordinal: int, findings: int) -> StudySubgraph:
    key = digest("study", patient.patient_id, ordinal)
    started = None if rng.random() < 0.1 else START + timedelta(minutes=rng.randrange(5_000_000))
    report = ReportRecord(digest("report", key), f"r-{key[:12]}", 1, "F", True, started, digest("text", key))
    extraction = ExtractionRecord(
        digest("extraction", key), "rules", None, "synthetic", ("text",), False, START, (report.report_key,)
    )
    mentions: list[MentionRecord] = []
    relations: list[RelationRecord] = []
    for _ in range(findings):
        _finding(rng, report.report_key, mentions, relations)
    modality = rng.choice(("CR", "DX"))
    study = StudyRecord(key, f"1.2.3.{int(key[:10], 16)}", f"a-{key[:12]}", modality, "CHEST", started)
    return StudySubgraph(patient, study, (report,), (), extraction, tuple(mentions), tuple(relations))


def _finding(rng: random.Random, report: str, mentions: list[MentionRecord], relations: list[RelationRecord]) -> None:
    concept = rng.choices([c for c, _ in CONCEPTS], [weight for _, weight in CONCEPTS])[0]
    presence = rng.choices(tuple(Presence), (40, 10, 50))[0]
    place = rng.choice(PLACES) if presence is not Presence.ABSENT and rng.random() < 0.6 else None
    side = place.name.split()[0] if place is not None and "lung" in place.name.split()[1:] else None
    finding = FindingRecord(
        concept.code, side if side in {"left", "right"} else None, None, (place.code,) if place is not None else ()
    )
    head = _mention(report, mentions, Kind.OBSERVATION, concept, presence, finding)
    if place is not None:
        tail = _mention(report, mentions, Kind.ANATOMY, place, Presence.PRESENT, None)
        relations.append(RelationRecord(head, RelationType.LOCATED_AT, tail, None, Witness.RULES))
    if rng.random() < 0.4:
        word = rng.choice(MODIFIERS)
        modifier = _mention(
            report, mentions, Kind.OBSERVATION, ConceptRecord(word, "local", word), Presence.PRESENT, None
        )
        relations.append(RelationRecord(modifier, RelationType.MODIFY, head, None, Witness.RULES))
    before = [m for m in mentions if m.finding is not None and m.presence is Presence.PRESENT and m.mention_id != head]
    if concept.code == "RID5350" and presence is Presence.UNCERTAIN and before:
        relations.append(RelationRecord(before[-1].mention_id, RelationType.SUGGESTIVE_OF, head, None, Witness.RULES))


def _mention(
    report: str,
    mentions: list[MentionRecord],
    kind: Kind,
    concept: ConceptRecord,
    presence: Presence,
    finding: FindingRecord | None,
) -> str:
    start = mentions[-1].end + 1 if mentions else 0
    end = start + len(concept.name)
    key = digest("mention", report, start, end)
    mentions.append(
        MentionRecord(
            key, report, kind, concept.name, start, end, "findings", presence, None, Witness.RULES, concept,
            1.0, "name", finding,
        )
    )  # fmt: skip
    return key
