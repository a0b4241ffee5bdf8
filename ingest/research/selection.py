"""The studies of a copy. Studies that have not been read yet are included, as in the live graph."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from graph.records import StudySubgraph
from vlmkg.errors import UsageError
from vlmkg.schema import Presence
from vlmkg.verdicts import ReviewState
from vlmkg.vocabulary.closure import ancestors
from vlmkg.vocabulary.loader import load_vocabulary


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions on a study; empty: none.

    Years are whole years in UTC: a window of days would reveal the offset of the copy's times.

    `concept` is a condition on the patient: one of the remaining studies must have such a finding, present or uncertain
    and not rejected; then all of them are copied. `patients` are patientIds of the live graph.
    """

    concept: str | None = None
    modalities: Set[str] = field(default_factory=frozenset)
    first_year: int | None = None
    last_year: int | None = None
    patients: Set[str] | None = None

    def has_patient(self, patient_id: str) -> bool:
        """Whether the patient is selected."""
        return self.patients is None or patient_id in self.patients

    def studies(self, subgraphs: Iterable[StudySubgraph]) -> list[StudySubgraph]:
        """The selected studies of one patient."""
        found = [subgraph for subgraph in subgraphs if self._fits(subgraph)]
        return found if self.concept is None or self._has_concept(found, self.concept) else []

    def _fits(self, subgraph: StudySubgraph) -> bool:
        study = subgraph.study
        if self.modalities and study.modality not in self.modalities:
            return False
        if self.first_year is None and self.last_year is None:
            return True
        year = study.started_at.year if study.started_at else None
        return year is not None and (self.first_year or year) <= year <= (self.last_year or year)

    @staticmethod
    def _has_concept(subgraphs: Sequence[StudySubgraph], concept: str) -> bool:
        findings = (
            mention.finding.concept_code
            for subgraph in subgraphs
            for mention in subgraph.mentions
            if mention.finding
            and mention.presence is not Presence.ABSENT
            and mention.finding.review is not ReviewState.REJECTED
        )
        return any(concept == code or concept in ancestors(code) for code in findings)


def concept_code(name: str) -> str:
    """The code of a concept by its code, name or synonym. Raises UsageError for an unknown one."""
    concepts = load_vocabulary().concepts
    wanted = name.lower()
    for names in (lambda one: (one.code, one.name), lambda one: one.synonyms):
        for concept in concepts:
            if wanted in (each.lower() for each in names(concept)):
                return concept.code
    raise UsageError(
        f"no concept has the name or code {name!r}", "look it up: MATCH (c:Concept) WHERE c.name CONTAINS '...'"
    )
