"""Subgraphs of studies as the worker projects them, of realistic size, the same for the same number."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

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
from vlmkg.vocabulary import load_vocabulary

START = datetime(2024, 1, 1, 8, tzinfo=UTC)
MENTIONS = 24
RELATIONS = 17


@cache
def shipped(count: int = 150) -> tuple[ConceptRecord, ...]:
    """Some shipped concepts, always the same."""
    concepts = sorted(load_vocabulary().concepts, key=lambda concept: digest(concept.code))[:count]
    return tuple(ConceptRecord(concept.code, concept.system, concept.name) for concept in concepts)


def local(word: str) -> ConceptRecord:
    """A concept that no vocabulary has."""
    return ConceptRecord(word, "local", word)


def study(
    number: int, *, patient: int | None = None, mentions: int = MENTIONS, relations: int = RELATIONS
) -> StudySubgraph:
    """Study `number`: one current report, its extraction, mentions of shared concepts, a few of them local."""
    dice = random.Random(number)
    key, report_key = digest("study", number), digest("report", number)
    extraction_id = digest("extraction", number)
    started_at = START + timedelta(minutes=number) if number % 10 else None
    found = tuple(_mention(dice, extraction_id, report_key, place) for place in range(mentions))
    return StudySubgraph(
        patient=PatientRecord(digest("patient", number if patient is None else patient), "female", 1950),
        study=StudyRecord(key, f"1.2.840.{number}", f"acc{number}", "DX", "CHEST", started_at),
        reports=(ReportRecord(report_key, f"r{number}", 1, "F", current=True, issued_at=START, text_digest="00"),),
        extraction=ExtractionRecord(extraction_id, "rules", None, "ff", ("text",), False, START, (report_key,)),
        mentions=found,
        relations=tuple(_relations(dice, found, relations)),
    )


def with_presence(subgraph: StudySubgraph, presence: Presence) -> StudySubgraph:
    """The same study, with this presence for every observation."""
    changed = (
        replace(mention, presence=presence) if mention.kind is Kind.OBSERVATION else mention
        for mention in subgraph.mentions
    )
    return replace(subgraph, mentions=tuple(changed))


def _mention(dice: random.Random, extraction_id: str, report_key: str, place: int) -> MentionRecord:
    concepts = shipped()
    # Common concepts are very common, as they are in reports.
    concept = concepts[int(len(concepts) * dice.random() ** 3)]
    if dice.random() < 0.03:
        concept = local(f"word{dice.randrange(50)}")
    kind = Kind.ANATOMY if place and dice.random() < 0.4 else Kind.OBSERVATION
    presence = Presence.PRESENT if kind is Kind.ANATOMY else dice.choice(list(Presence))
    finding = None
    if kind is Kind.OBSERVATION and (place == 0 or dice.random() < 0.7):
        finding = FindingRecord(concept.code, dice.choice(["left", None]), None, (concepts[0].code,))
    return MentionRecord(
        mention_id=digest(extraction_id, report_key, place),
        report_key=report_key,
        kind=kind,
        text=concept.name,
        start=place * 100,
        end=place * 100 + len(concept.name),
        section="findings",
        presence=presence,
        score=None,
        witness=Witness.RULES,
        concept=concept,
        link_score=1.0,
        link_rule="exact",
        finding=finding,
    )


def _relations(dice: random.Random, mentions: tuple[MentionRecord, ...], count: int) -> list[RelationRecord]:
    """Relations that the schema allows: every observation that is no finding modifies one, and some more."""
    places = [mention for mention in mentions if mention.kind is Kind.ANATOMY]
    findings = [mention for mention in mentions if mention.finding]
    modifiers = [mention for mention in mentions if mention.kind is Kind.OBSERVATION and not mention.finding]
    pairs = [(head, RelationType.LOCATED_AT, tail) for head in findings for tail in places]
    pairs += [(head, RelationType.SUGGESTIVE_OF, tail) for head in findings for tail in findings if head is not tail]
    chosen = [(head, RelationType.MODIFY, dice.choice(findings)) for head in modifiers]
    chosen += dice.sample(pairs, min(max(count - len(chosen), 0), len(pairs)))
    return [RelationRecord(head.mention_id, kind, tail.mention_id, None, Witness.RULES) for head, kind, tail in chosen]
