"""Read the ledger patient by patient, de-identify, and pass the studies to the writers."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from graph.records import ConceptRecord, StudySubgraph
from graph.rows import projection_digest
from ingest.ledger import study_facts
from ingest.ledger.storage.database import Ledger
from ingest.projection import subgraph as projection
from ingest.research.deidentify import MASKED, Rules, deidentify
from ingest.research.project import Project
from ingest.research.rare_concepts import Cell, broader, cells_of
from ingest.research.selection import Selection
from ingest.research.words import MASK
from vlmkg.identity import digest
from vlmkg.vocabulary import load_vocabulary

GROUP = 200
"""Studies per group, as in the merge stage; all studies of a patient are in one group."""

EngineName = tuple[str, str | None, str, str | None]


class Sink(Protocol):
    """A writer of the copy's studies."""

    def write(self, subgraphs: Sequence[StudySubgraph]) -> None:
        """Write these studies. Each study is passed once."""


@dataclass(slots=True)
class Account:
    """Counts of a copy. `total` is the sum of its studies' digests, which does not depend on their order.

    `unknown` are the masked words with their patients in the live graph, only for the operator.
    """

    masked_mentions: int = 0
    total: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    engines: Counter[EngineName] = field(default_factory=Counter)
    unknown: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def digest(self) -> str:
        """SHA-256 (hex) over all records of the copy and the vocabulary, the same for all targets."""
        return digest("research copy", self.counts["Study"], self.total % 2**256, load_vocabulary().digest)


def copy_studies(
    ledger: Ledger,
    rules: Rules,
    selection: Selection,
    sinks: Sequence[Sink],
    seen: Callable[[Sequence[str]], object],
) -> Account:
    """De-identify every selected study and write it to the sinks. `seen` is called with the patients that were read.

    They are sorted by the copy's own names: the ledger's order would let two copies be joined by row.
    """
    account = Account()
    for patients in _patients(ledger, selection, rules.project):
        written: list[StudySubgraph] = []
        for subgraphs in patients:
            copied = deidentify(subgraphs, rules)
            _count(account, subgraphs, copied, rules)
            written += sorted(copied, key=lambda one: one.study.study_key)
        seen([subgraphs[0].patient.patient_id for subgraphs in patients])
        for sink in sinks:
            sink.write(written)
    return account


def rare_cells(ledger: Ledger, project: Project, selection: Selection, least: int) -> dict[Cell, ConceptRecord]:
    """The replacements of concepts with fewer than `least` patients, from a first pass over the ledger."""
    patients: dict[Cell, set[str]] = defaultdict(set)
    for group in _patients(ledger, selection, project):
        for subgraphs in group:
            for cell in {cell for subgraph in subgraphs for cell in cells_of(subgraph)}:
                patients[cell].add(subgraphs[0].patient.patient_id)
    return broader(patients, least, MASKED)


def _patients(ledger: Ledger, selection: Selection, project: Project) -> Iterator[list[list[StudySubgraph]]]:
    """Groups of patients with their selected studies, in the order of the copy's names."""
    with ledger.read() as connection:
        keys = study_facts.study_keys_by_patient(connection)
    ordered = sorted(filter(selection.has_patient, keys), key=lambda one: project.name_of("patient", one))
    for group in _groups(ordered, keys):
        with ledger.read() as connection:
            found = study_facts.load_many(connection, [key for patient in group for key in keys[patient]])
        by_patient: dict[str, list[StudySubgraph]] = {patient: [] for patient in group}
        for _, study in sorted(found.items()):
            # A study that moved to another patient meanwhile is in the next copy.
            if study.patient.patient_id in by_patient:
                by_patient[study.patient.patient_id].append(projection.project(study))
        yield [chosen for subgraphs in by_patient.values() if (chosen := selection.studies(subgraphs))]


def _groups(patients: Sequence[str], keys: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    group: list[str] = []
    size = 0
    for patient in patients:
        if group and size + len(keys[patient]) > GROUP:
            yield group
            group, size = [], 0
        group.append(patient)
        size += len(keys[patient])
    if group:
        yield group


def _count(account: Account, before: Sequence[StudySubgraph], after: Sequence[StudySubgraph], rules: Rules) -> None:
    account.counts["Patient"] += 1
    for subgraph in after:
        account.total += int(projection_digest(subgraph), 16)
        account.counts.update(_contents(subgraph))
        account.findings.update(mention.presence.value for mention in subgraph.mentions if mention.finding)
        account.masked_mentions += sum(MASK in mention.text for mention in subgraph.mentions)
        if (extraction := subgraph.extraction) is not None:
            names = (extraction.engine, extraction.checkpoint, extraction.engine_digest, extraction.checkpoint_digest)
            account.engines[names] += 1
    for subgraph in before:
        for word in (word for mention in subgraph.mentions for word in rules.words.unknown(mention.text)):
            account.unknown[word].add(subgraph.patient.patient_id)


def _contents(subgraph: StudySubgraph) -> dict[str, int]:
    return {
        "Study": 1,
        "Report": len(subgraph.reports),
        "Image": len(subgraph.images),
        "Extraction": int(subgraph.extraction is not None),
        "Mention": len(subgraph.mentions),
        "Finding": sum(mention.finding is not None for mention in subgraph.mentions),
        "Relation": len(subgraph.relations),
    }
