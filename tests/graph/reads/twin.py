"""The same queries by brute force over the records: slow, simple, and without shared code."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from graph.reads.wheres import ConceptWhere, FindingWhere, PatientWhere, StudyWhere
from graph.records import ConceptRecord, MentionRecord, StudySubgraph
from vlmkg.schema import Presence, RelationType
from vlmkg.verdicts import ReviewState
from vlmkg.vocabulary import load_vocabulary

LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """A finding with the study that holds it."""

    mention: MentionRecord
    subgraph: StudySubgraph

    @property
    def time(self) -> datetime | None:
        return self.subgraph.study.started_at


@dataclass(frozen=True)
class Concepts:
    """All concepts by code, as (names, parents by IS_A, wholes by PART_OF)."""

    names: dict[str, tuple[str, ...]]
    is_a: dict[str, set[str]]
    part_of: dict[str, set[str]]


def concepts_of(subgraphs: Iterable[StudySubgraph]) -> Concepts:
    vocabulary = load_vocabulary()
    names = {concept.code: (concept.name, *concept.synonyms) for concept in vocabulary.concepts}
    for record in _local(subgraphs):
        names.setdefault(record.code, (record.name,))
    edges: tuple[dict[str, set[str]], dict[str, set[str]]] = ({}, {})
    for found, pairs in zip(edges, (vocabulary.is_a, vocabulary.part_of), strict=True):
        for child, parent in pairs:
            found.setdefault(child, set()).add(parent)
    return Concepts(names, *edges)


def _local(subgraphs: Iterable[StudySubgraph]) -> Iterator[ConceptRecord]:
    for subgraph in subgraphs:
        for mention in subgraph.mentions:
            yield mention.concept


def findings(subgraphs: Iterable[StudySubgraph]) -> list[Found]:
    """All findings, in page order."""
    found = [Found(m, subgraph) for subgraph in subgraphs for m in subgraph.mentions if m.finding is not None]
    return sorted(found, key=lambda one: (one.time is None, one.time or LATEST, one.mention.mention_id))


def asked_findings(subgraphs: list[StudySubgraph], concepts: Concepts, where: FindingWhere | None) -> list[str]:
    """mentionIds of the findings that fit, in page order."""
    return [one.mention.mention_id for one in findings(subgraphs) if fits(one, where, concepts)]


def asked_studies(subgraphs: list[StudySubgraph], concepts: Concepts, where: StudyWhere) -> list[str]:
    """studyKeys of the studies that fit, in page order."""
    found = [subgraph for subgraph in subgraphs if _study_fits(subgraph, where, concepts)]
    time = lambda s: (s.study.started_at is None, s.study.started_at or LATEST, s.study.study_key)  # noqa: E731
    return [subgraph.study.study_key for subgraph in sorted(found, key=time)]


def asked_patients(subgraphs: list[StudySubgraph], concepts: Concepts, where: PatientWhere) -> list[str]:
    """patientIds of the patients that fit, in page order."""
    patients = sorted({subgraph.patient.patient_id for subgraph in subgraphs})
    of = {p: [s for s in subgraphs if s.patient.patient_id == p] for p in patients}
    return [patient for patient in patients if _patient_fits(of[patient], where, concepts)]


def fits(found: Found, where: FindingWhere | None, concepts: Concepts) -> bool:
    """With the defaults: a negated finding is out unless presence stands somewhere in the tree, a rejected one unless
    review does."""
    if not _names(where, "presence") and found.mention.presence is Presence.ABSENT:
        return False
    if not _names(where, "review") and _review_of(found) is ReviewState.REJECTED:
        return False
    return where is None or _holds(found, where, concepts)


def _names(where: FindingWhere | None, field: str) -> bool:
    if where is None:
        return False
    inner = [*(where.and_ or []), *(where.or_ or []), where.not_]
    return getattr(where, field) is not None or any(_names(child, field) for child in inner)


def _review_of(found: Found) -> ReviewState:
    assert found.mention.finding is not None
    return found.mention.finding.review


def _holds(found: Found, where: FindingWhere, concepts: Concepts) -> bool:
    mention, record = found.mention, found.mention.finding
    assert record is not None
    if where.and_ is not None and not all(_holds(found, child, concepts) for child in where.and_):
        return False
    if where.or_ is not None and not any(_holds(found, child, concepts) for child in where.or_):
        return False
    if where.not_ is not None and _holds(found, where.not_, concepts):
        return False
    checks: list[tuple[object, Callable[[], bool]]] = [
        (where.concept, lambda: _is_one(record.concept_code, where.concept, concepts, parts=False)),
        (where.presence, lambda: mention.presence in (where.presence or ())),
        (where.location, lambda: any(_is_one(c, where.location, concepts, parts=True) for c in record.place_codes)),
        (where.laterality, lambda: record.laterality in (where.laterality or ())),
        (where.modifier, lambda: _modified(found, where.modifier or "", concepts)),
        (where.studied_after, lambda: found.time is not None and found.time >= where.studied_after),  # type: ignore[operator]
        (where.studied_before, lambda: found.time is not None and found.time < where.studied_before),  # type: ignore[operator]
        (where.modality, lambda: found.subgraph.study.modality in (where.modality or ())),
        (where.patient_id, lambda: found.subgraph.patient.patient_id == where.patient_id),
        (where.min_score, lambda: mention.score is None or mention.score >= where.min_score),  # type: ignore[operator]
        (where.witness, lambda: mention.witness in (where.witness or ())),
        (where.disputed, lambda: mention.disputed is where.disputed),
        (where.review, lambda: record.review in (where.review or ())),
        (where.suggests, lambda: any(fits(other, where.suggests, concepts) for other in _suggested(found))),
    ]
    return all(check() for asked, check in checks if asked is not None)


def _is_one(code: str, where: ConceptWhere | None, concepts: Concepts, *, parts: bool) -> bool:
    assert where is not None
    above = {code}
    if where.include_descendants:
        todo = [code]
        while todo:
            one = todo.pop()
            up = concepts.is_a.get(one, set()) | (concepts.part_of.get(one, set()) if parts else set())
            todo.extend(up - above)
            above |= up
    return any(_is_root(one, where, concepts) for one in above)


def _is_root(code: str, where: ConceptWhere, concepts: Concepts) -> bool:
    names = concepts.names.get(code)
    if names is None:
        return False
    return (
        (where.code is None or where.code == code)
        and (where.name is None or where.name.lower() in {name.lower() for name in names})
        and (where.name_contains is None or where.name_contains.lower() in names[0].lower())
    )


def _modified(found: Found, words: str, concepts: Concepts) -> bool:
    by_id = {mention.mention_id: mention for mention in found.subgraph.mentions}
    heads = [
        by_id[relation.head]
        for relation in found.subgraph.relations
        if relation.type is RelationType.MODIFY and relation.tail == found.mention.mention_id
    ]
    said = {mention.text.lower() for mention in heads}
    return words.lower() in said | {concepts.names[mention.concept.code][0].lower() for mention in heads}


def _suggested(found: Found) -> list[Found]:
    by_id = {mention.mention_id: mention for mention in found.subgraph.mentions}
    relations = found.subgraph.relations
    tails = {r.tail for r in relations if r.type is RelationType.SUGGESTIVE_OF and r.head == found.mention.mention_id}
    modified = {r.tail for r in relations if r.type is RelationType.MODIFY and r.head in tails}
    return [Found(by_id[one], found.subgraph) for one in tails | modified if by_id[one].finding is not None]


def _study_fits(subgraph: StudySubgraph, where: StudyWhere, concepts: Concepts) -> bool:
    study = subgraph.study
    time = study.started_at
    children = [
        where.and_ is None or all(_study_fits(subgraph, child, concepts) for child in where.and_),
        where.or_ is None or any(_study_fits(subgraph, child, concepts) for child in where.or_),
        where.not_ is None or not _study_fits(subgraph, where.not_, concepts),
    ]
    own = [
        where.patient_id is None or subgraph.patient.patient_id == where.patient_id,
        where.modality is None or study.modality in where.modality,
        where.pairing is None or study.pairing in where.pairing,
        where.started_after is None or (time is not None and time >= where.started_after),
        where.started_before is None or (time is not None and time < where.started_before),
        where.warning is None or any(code in where.warning for code in _warnings(subgraph)),
        where.has_finding is None or any(fits(one, where.has_finding, concepts) for one in findings([subgraph])),
    ]
    return all(children) and all(own)


def _warnings(subgraph: StudySubgraph) -> tuple[str, ...]:
    return subgraph.extraction.warnings if subgraph.extraction else ()


def _patient_fits(studies: list[StudySubgraph], where: PatientWhere, concepts: Concepts) -> bool:
    children = [
        where.and_ is None or all(_patient_fits(studies, child, concepts) for child in where.and_),
        where.or_ is None or any(_patient_fits(studies, child, concepts) for child in where.or_),
        where.not_ is None or not _patient_fits(studies, where.not_, concepts),
    ]
    return all(children) and (where.has_finding is None or _has(studies, where, concepts))


def _has(studies: list[StudySubgraph], where: PatientWhere, concepts: Concepts) -> bool:
    mine = findings(studies)
    for one in mine:
        if not fits(one, where.has_finding, concepts):
            continue
        later = [other for other in mine if one.time is not None and other.time is not None and other.time > one.time]
        if where.no_later_finding is None or not any(fits(o, where.no_later_finding, concepts) for o in later):
            return True
    return False
