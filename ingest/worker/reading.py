"""Reading the current reports of studies by an engine. No database here: ledger facts in, ledger facts out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from ingest.ledger.extractions import RejectedTriplet, StudyReading
from ingest.ledger.studies import LedgerExtraction, LedgerReport, LedgerStudy
from ingest.worker.results import dump_readings
from vlmkg.domain import is_chest_radiograph
from vlmkg.identity import digest
from vlmkg.pipeline import read_reports, reading_digest
from vlmkg.reading import Engine, Reading

MODALITIES = ("text",)
"""What the engines of today read."""


@dataclass(frozen=True, slots=True)
class Reader:
    """An engine and the digest of all that changes what it reads, computed once in a process."""

    engine: Engine
    digest: str


def reader_of(engine: Engine) -> Reader:
    """A reader for as long as the process lives."""
    return Reader(engine, reading_digest(engine))


def extraction_id(reader: Reader, study: LedgerStudy) -> str | None:
    """H(studyKey, keys of the current reports, engine, its digest); None where there is nothing to read."""
    keys = [report.report_key for report in _current(study)]
    return digest(study.study_key, *keys, reader.engine.name, reader.digest) if keys else None


def read_studies(
    reader: Reader, studies: Sequence[LedgerStudy], known: Mapping[str, LedgerExtraction]
) -> dict[str, StudyReading]:
    """What to commit for these studies, by study key.

    `known` are extractions that the ledger has: they are selected as they are, never read again. Studies without a
    current report, and those for which the right extraction is selected already, are absent.
    """
    wanted = {study.study_key: identity for study in studies if (identity := extraction_id(reader, study))}
    changed = [study for study in studies if wanted.get(study.study_key) not in {None, _selected(study)}]
    unread = [study for study in changed if wanted[study.study_key] not in known]
    extractions = dict(known)
    rejections: dict[str, tuple[RejectedTriplet, ...]] = {}
    for study, readings in zip(unread, _read(reader, unread), strict=True):
        identity = wanted[study.study_key]
        extractions[identity] = _extraction(reader, study, identity, readings)
        rejections[identity] = _rejections(readings)
    return {
        study.study_key: StudyReading(study.input_digest, extractions[identity], rejections.get(identity, ()))
        for study in changed
        if (identity := wanted[study.study_key])
    }


def _current(study: LedgerStudy) -> list[LedgerReport]:
    return sorted((report for report in study.reports if report.current), key=lambda report: report.report_key)


def _selected(study: LedgerStudy) -> str | None:
    return study.extraction.extraction_id if study.extraction else None


def _read(reader: Reader, studies: Sequence[LedgerStudy]) -> list[dict[str, Reading]]:
    """The readings of each study by reportKey; all texts go to the engine at once."""
    reports = [_current(study) for study in studies]
    readings = iter(read_reports(reader.engine, [report.text for current in reports for report in current]))
    return [
        {report.report_key: reading for report, reading in zip(current, islice(readings, len(current)), strict=True)}
        for current in reports
    ]


def _extraction(reader: Reader, study: LedgerStudy, identity: str, readings: Mapping[str, Reading]) -> LedgerExtraction:
    return LedgerExtraction(
        extraction_id=identity,
        study_key=study.study_key,
        engine=reader.engine.name,
        checkpoint=reader.engine.checkpoint,
        engine_digest=reader.digest,
        reads=tuple(readings),
        modalities=MODALITIES,
        out_of_domain=not _is_chest(study),
        created_at=datetime.now(UTC),
        result=dump_readings(readings),
    )


def _is_chest(study: LedgerStudy) -> bool:
    text = "\n".join(report.text for report in _current(study))
    return is_chest_radiograph(study.modality, study.body_part, study.procedure, text)


def _rejections(readings: Mapping[str, Reading]) -> tuple[RejectedTriplet, ...]:
    return tuple(
        RejectedTriplet(
            reason=rejection.reason,
            head=rejection.head,
            relation=rejection.relation,
            tail=rejection.tail,
            detail=rejection.detail,
            report_key=report_key,
        )
        for report_key, reading in readings.items()
        for rejection in reading.rejections
    )
