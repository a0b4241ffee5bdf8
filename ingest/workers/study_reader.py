"""Read the current reports and films of studies with an engine: ledger facts in, ledger facts out.

It uses no database; films come from the blob store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from ingest.blobs import BlobStore, get
from ingest.errors import BlobLostError
from ingest.ledger.readings.extractions import RejectedTriplet, StudyReading
from ingest.ledger.study_facts import LedgerExtraction, LedgerImage, LedgerReport, LedgerStudy
from ingest.ledger.unread_totals import UnreadTexts
from ingest.projection.stored_readings import dump_readings
from ingest.workers.unread_counts import count_unread
from vlmkg.domain import is_chest_radiograph, sender_names_chest
from vlmkg.engine_protocol import (
    Engine,
    FilmDomain,
    ImageInput,
    Modality,
    Reading,
    StudyInput,
    StudyReadings,
    UnreadImage,
)
from vlmkg.identity import digest
from vlmkg.reader import Reader as VlmkgReader
from vlmkg.reading_codes import UnreadReason

LOST = UnreadReason.LOST
"""The reason code of a film whose bytes are no longer in the blob store."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Films:
    """The films' blob store and domain: an engine reads only films of its own domain."""

    blobs: BlobStore
    domain: FilmDomain = FilmDomain.REAL


@dataclass(frozen=True, slots=True)
class Reader:
    """The resources of reading in a worker process: the reader of the Python interface, and the films.

    `films` is None if this engine reads only reports. `pairing_wait` is how long films wait for their report, and a
    report for its films.
    """

    reports: VlmkgReader
    films: Films | None = None
    pairing_wait: timedelta = timedelta(0)

    @property
    def engine(self) -> Engine:
        """The engine."""
        return self.reports.engine

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the engine, computed once per process."""
        return self.reports.digest


def reader_of(engine: Engine, films: Films | None = None, pairing_wait: timedelta = timedelta(0)) -> Reader:
    """A reader for as long as the process lives."""
    reports = VlmkgReader.over(engine, films.domain if films else FilmDomain.REAL)
    return Reader(reports, films if films and reports.sees_films else None, pairing_wait)


def extraction_id(reader: Reader, study: LedgerStudy) -> str | None:
    """H(studyKey, keys of the inputs, engine, its digest); None if there is nothing to read."""
    keys = [report.report_key for report in _current(study)]
    keys += [f"{image.sop_instance_uid} {image.digest}" for image in _seen(reader, study)]
    return digest(study.study_key, *keys, reader.engine.name, reader.digest) if keys else None


def read_studies(
    reader: Reader, studies: Sequence[LedgerStudy], known: Mapping[str, LedgerExtraction]
) -> dict[str, StudyReading]:
    """The readings to commit for these studies, by study key.

    `known` are extractions in the ledger: they are selected without reading again. Studies with nothing to read, and
    those with the right extraction selected, are absent. Raises OutageError if the blob store does not respond.
    """
    wanted = {study.study_key: identity for study in studies if (identity := extraction_id(reader, study))}
    changed = [study for study in studies if wanted.get(study.study_key) not in {None, _selected(study)}]
    unread = [study for study in changed if wanted[study.study_key] not in known]
    extractions = dict(known)
    rejections: dict[str, tuple[RejectedTriplet, ...]] = {}
    texts: dict[str, UnreadTexts] = {}
    for study, readings in zip(unread, _read(reader, unread), strict=True):
        identity = wanted[study.study_key]
        by_key = _by_key(study, readings)
        extractions[identity] = _extraction(reader, study, identity, readings, by_key)
        rejections[identity] = _rejections(readings, by_key)
        texts[identity] = count_unread([report.text for report in _current(study)], readings.reports)
    return {
        study.study_key: StudyReading(
            study.input_digest, extractions[identity], rejections.get(identity, ()), texts.get(identity)
        )
        for study in changed
        if (identity := wanted[study.study_key])
    }


def _current(study: LedgerStudy) -> list[LedgerReport]:
    return sorted((report for report in study.reports if report.current), key=lambda report: report.report_key)


def _seen(reader: Reader, study: LedgerStudy) -> tuple[LedgerImage, ...]:
    return study.images if reader.films else ()


def _selected(study: LedgerStudy) -> str | None:
    return study.extraction.extraction_id if study.extraction else None


def _read(reader: Reader, studies: Sequence[LedgerStudy]) -> list[StudyReadings]:
    """The readings of each study. All are passed to the engine at once."""
    loaded = [_load(reader, study) for study in studies]
    inputs = [
        StudyInput(
            tuple(report.text for report in _current(study)),
            tuple(images),
            sender_names_chest(study.modality, study.body_part, study.procedure),
        )
        for study, (images, _) in zip(studies, loaded, strict=True)
    ]
    found = reader.reports.read_studies(inputs) if inputs else []
    return [_with_lost(readings, lost) for readings, (_, lost) in zip(found, loaded, strict=True)]


def _load(reader: Reader, study: LedgerStudy) -> tuple[list[ImageInput], list[UnreadImage]]:
    """The films of a study, and the lost ones: a lost film must not prevent the reading of the report."""
    images: list[ImageInput] = []
    lost: list[UnreadImage] = []
    if reader.films is None:
        return images, lost
    for image in study.images:
        try:
            images.append(ImageInput(image.sop_instance_uid, get(reader.films.blobs, image.digest)))
        except BlobLostError:
            log.warning("film lost", study=study.study_key)
            lost.append(UnreadImage(image.sop_instance_uid, LOST))
    return images, lost


def _with_lost(readings: StudyReadings, lost: Sequence[UnreadImage]) -> StudyReadings:
    if not lost:
        return readings
    warnings = {*readings.warnings, LOST.warning}
    unread = (*readings.unread, *lost)
    return StudyReadings(readings.reports, readings.films, readings.modalities, unread, tuple(sorted(warnings)))


def _by_key(study: LedgerStudy, readings: StudyReadings) -> dict[str, Reading]:
    """The readings by reportKey, and those of films by SOPInstanceUID."""
    reports = zip(_current(study), readings.reports, strict=True)
    return {report.report_key: reading for report, reading in reports} | dict(readings.films)


def _extraction(
    reader: Reader, study: LedgerStudy, identity: str, readings: StudyReadings, by_key: Mapping[str, Reading]
) -> LedgerExtraction:
    engine = reader.engine
    return LedgerExtraction(
        extraction_id=identity,
        study_key=study.study_key,
        engine=engine.name,
        checkpoint=engine.checkpoint,
        engine_digest=reader.digest,
        reads=_reads(reader, study, readings),
        modalities=tuple(modality.value for modality in readings.modalities),
        out_of_domain=not _is_chest(study),
        created_at=datetime.now(UTC),
        result=dump_readings(by_key),
        checkpoint_digest=engine.checkpoint_digest,
        warnings=readings.warnings,
    )


def _reads(reader: Reader, study: LedgerStudy, readings: StudyReadings) -> tuple[str, ...]:
    """The inputs of the reading. Unread films are not among them."""
    reports = [report.report_key for report in _current(study)]
    unread = {image.image for image in readings.unread}
    seen = [image.sop_instance_uid for image in _seen(reader, study) if image.sop_instance_uid not in unread]
    return tuple(reports + (seen if Modality.IMAGE in readings.modalities else []))


def _is_chest(study: LedgerStudy) -> bool:
    text = "\n".join(report.text for report in _current(study))
    return is_chest_radiograph(study.modality, study.body_part, study.procedure, text)


def _rejections(readings: StudyReadings, by_key: Mapping[str, Reading]) -> tuple[RejectedTriplet, ...]:
    films = {film for film, _ in readings.films}
    return tuple(
        RejectedTriplet(
            reason=rejection.reason,
            head=rejection.head,
            relation=rejection.relation,
            tail=rejection.tail,
            detail=rejection.detail,
            report_key=None if key in films else key,
        )
        for key, reading in by_key.items()
        for rejection in reading.rejections
    )
