"""Read an archive again with another engine, into new extractions. The selected readings do not change.

It may run beside workers, and may be interrupted and repeated at any time: finished readings are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ingest.isolation import Fault, isolate
from ingest.ledger import study_facts
from ingest.ledger.readings import extractions
from ingest.ledger.readings.extractions import StudyReading
from ingest.ledger.storage.database import Ledger
from ingest.ledger.study_facts import LedgerStudy
from ingest.workers.study_reader import Reader, extraction_id, read_studies

GROUP = 16


@dataclass(frozen=True, slots=True)
class Reread:
    """The number of studies to read, the number that the engine had already read, and those it can't read."""

    studies: int
    known: int
    faults: tuple[Fault[str], ...]


def reread(ledger: Ledger, reader: Reader, done: Callable[[int], object]) -> Reread:
    """Read every study of the ledger in its present state. `done` is called with the number of studies of each step.

    Raises OutageError if the ledger or the blob store does not answer; a repetition continues from there.
    """
    with ledger.read() as connection:
        keys = study_facts.all_study_keys(connection)
    counts = [0, 0]
    faults: list[Fault[str]] = []
    for start in range(0, len(keys), GROUP):
        group = keys[start : start + GROUP]
        faults += isolate(group, partial(_read_group, ledger, reader, counts))
        done(len(group))
    return Reread(counts[0] + len(faults), counts[1], tuple(faults))


def _read_group(ledger: Ledger, reader: Reader, counts: list[int], keys: Sequence[str]) -> None:
    with ledger.read() as connection:
        found = study_facts.load_many(connection, keys)
        wanted = {key: identity for key, study in found.items() if (identity := extraction_id(reader, study))}
        known = extractions.find(connection, sorted(wanted.values()))
    readings = list(read_studies(reader, list(found.values()), known).values())
    readings += [reading for key, study in found.items() for reading in _standing(study, wanted.get(key))]
    if readings:
        with ledger.write() as connection:
            extractions.keep(connection, readings)
    counts[0] += len(wanted)
    counts[1] += len(known)


def _standing(study: LedgerStudy, identity: str | None) -> list[StudyReading]:
    """The reading of a study for which this engine's own is already selected."""
    if study.extraction is None or study.extraction.extraction_id != identity:
        return []
    return [StudyReading(study.input_digest, study.extraction)]
