"""Studies in the ledger: the input of the projection.

A study is the set of the sightings with its key. If they differ, the message of higher precedence counts
(studies.precedence). The order of arrival decides only between versions with equal status and times (studies.versions).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from ingest.ledger.reviews import reviews
from ingest.ledger.reviews.verdicts import Review, standing
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.tables import events, extractions, patients, report_texts, sightings, study_extractions
from ingest.ledger.studies import corrections
from ingest.ledger.studies.pairing import FEEDS, state_of, waits_of
from ingest.ledger.studies.precedence import Precedence, precedence
from ingest.ledger.studies.versions import Standing, Version, standings
from vlmkg.identity import digest


@dataclass(frozen=True, slots=True)
class LedgerPatient:
    """A patient under a pseudonym. `sex` is a FHIR administrative gender word."""

    patient_id: str
    sex: str | None
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """One version of one report: `version` counts from 1 in the order of precedence among those of its report id.

    `report_id` is a pseudonym. `supersedes` is the reportKey before it; addenda supersede nothing.
    """

    report_key: str
    report_id: str
    version: int
    status: str
    current: bool
    addendum: bool
    issued_at: datetime | None
    text_digest: str
    supersedes: str | None
    text: str


@dataclass(frozen=True, slots=True)
class LedgerImage:
    """One image of a study. `digest` is its blob's SHA-256; `rows` and `columns` are pixels."""

    sop_instance_uid: str
    digest: str
    view: str | None
    rows: int | None
    columns: int | None


@dataclass(frozen=True, slots=True)
class LedgerExtraction:
    """One committed reading. `reads` are reportKeys and image UIDs; `result` is the worker's JSON.

    `engine_digest` covers everything that determines a reading, `checkpoint_digest` only the checkpoint's files;
    `warnings` are reason codes.
    """

    extraction_id: str
    study_key: str
    engine: str
    checkpoint: str | None
    engine_digest: str
    reads: tuple[str, ...]
    modalities: tuple[str, ...]
    out_of_domain: bool
    created_at: datetime
    result: str
    checkpoint_digest: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerStudy:
    """Everything the ledger has of one study.

    `accession` is a pseudonym; `pairing` is one of the states in ingest.ledger.studies.pairing.
    `reports` are all versions, by (report_id, version); `images` by UID. `input_digest` covers the current reports and
    the images; `extraction` is the one selected for just these inputs, None if nothing was read yet. `verdicts` are
    the reviews of findings in its reports and images that count, by whichever extraction these were found. `fed_at` is
    when the first of them came by a feed; `has_wait`: it waits for a partner, or has `waited` in vain (pairing.py).
    These three tell of arrival, not of the study, and are not compared.
    """

    study_key: str
    patient: LedgerPatient
    study_uid: str | None
    accession: str | None
    modality: str | None
    body_part: str | None
    procedure: str | None
    started_at: datetime | None
    pairing: str
    reports: tuple[LedgerReport, ...]
    images: tuple[LedgerImage, ...]
    input_digest: str
    extraction: LedgerExtraction | None
    verdicts: tuple[Review, ...] = ()
    fed_at: datetime | None = field(default=None, compare=False)
    waited: bool = field(default=False, compare=False)
    has_wait: bool = field(default=False, compare=False)


def load(connection: Connection, study_key: str) -> LedgerStudy | None:
    """One study; None if no sighting has the key (any more), and the graph must not have it either."""
    return load_many(connection, (study_key,)).get(study_key)


def load_many(connection: Connection, study_keys: Sequence[str]) -> dict[str, LedgerStudy]:
    """Many studies by key, in few queries. Keys without sightings are absent."""
    found: dict[str, LedgerStudy] = {}
    for chunk in chunks(sorted(set(study_keys))):
        said: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in connection.execute(_SELECT.where(sightings.c.study_key.in_(chunk))):
            said[row.study_key].append(row)
        selected, waits = _selected(connection, chunk), waits_of(connection, chunk)
        report_ids = {row.report_id for rows in said.values() for row in rows if row.report_id}
        gone = corrections.given_up(corrections.of_several(connection, report_ids))
        verdicts = _verdicts(connection, said.values())
        # An order without anything else is not a study.
        made = {key: rows for key, rows in said.items() if not all(row.ordered for row in rows)}
        found |= {key: _study(key, rows, selected, gone, verdicts, waits.get(key)) for key, rows in made.items()}
    return found


def all_study_keys(connection: Connection) -> list[str]:
    """The keys of all studies, sorted."""
    statement = select(sightings.c.study_key).distinct().order_by(sightings.c.study_key)
    statement = statement.where(~sightings.c.ordered)
    return list(connection.execute(statement).scalars())


def study_keys_by_patient(connection: Connection) -> dict[str, list[str]]:
    """The keys of all studies, sorted, by patient."""
    statement = select(sightings.c.patient_id, sightings.c.study_key).distinct().where(~sightings.c.ordered)
    found: dict[str, list[str]] = defaultdict(list)
    for patient_id, study_key in connection.execute(statement.order_by(sightings.c.study_key)):
        found[patient_id].append(study_key)
    return dict(found)


_SELECT: Select[Any] = (
    select(
        sightings,
        events.c.message_time,
        events.c.digest,
        events.c.received_at,
        events.c.format,
        report_texts.c.text_digest,
        report_texts.c.text,
        patients.c.sex,
        patients.c.birth_date,
    )
    .join(events, events.c.id == sightings.c.event_id)
    .join(patients, patients.c.patient_id == sightings.c.patient_id)
    .outerjoin(report_texts, report_texts.c.report_key == sightings.c.report_key)
)

Selection = dict[tuple[str, str], LedgerExtraction]
Verdicts = dict[tuple[str, str], list[Review]]


def _selected(connection: Connection, study_keys: Sequence[str]) -> Selection:
    columns = study_extractions.c.study_key.label("of_study"), study_extractions.c.input_digest
    statement = select(*columns, extractions).join(
        extractions, extractions.c.extraction_id == study_extractions.c.extraction_id
    )
    rows = connection.execute(statement.where(study_extractions.c.study_key.in_(study_keys)))
    return {(row.of_study, row.input_digest): extraction_of(row) for row in rows}


def extraction_of(row: Row[Any]) -> LedgerExtraction:
    """The extraction of a row with all columns of `extractions`."""
    return LedgerExtraction(
        row.extraction_id,
        row.study_key,
        row.engine,
        row.checkpoint,
        row.engine_digest,
        row.reads,
        row.modalities,
        row.out_of_domain,
        row.created_at,
        row.result,
        row.checkpoint_digest,
        row.warnings,
    )


def _verdicts(connection: Connection, said: Iterable[Sequence[Row[Any]]]) -> Verdicts:
    """The standing verdicts on findings of these reports and images, by patient and source."""
    sources = {source for rows in said for row in rows for source in (row.report_key, row.sop_instance_uid) if source}
    found: Verdicts = defaultdict(list)
    for review in standing(reviews.of_sources(connection, sources)):
        found[review.statement.patient_id, review.statement.place.source].append(review)
    return found


def _study(
    study_key: str,
    rows: Sequence[Row[Any]],
    selected: Selection,
    gone: Set[str],
    verdicts: Verdicts,
    over: bool | None,
) -> LedgerStudy:
    """The study of these rows. `gone`: reports that belong to another patient. `over`: whether its wait for a partner
    is over; None: it has none."""
    said = [(_precedence(row), row) for row in rows]
    latest = _latest(said)
    reports = tuple(_reports((row for row in rows if row.report_key), gone))
    images = tuple(_images(said))
    inputs = input_digest(reports, images)
    first = rows[0]
    sources = [*(report.report_key for report in reports), *(image.sop_instance_uid for image in images)]
    return LedgerStudy(
        study_key=study_key,
        patient=LedgerPatient(first.patient_id, first.sex, first.birth_date),
        study_uid=latest("study_uid"),
        accession=latest("accession"),
        modality=latest("modality"),
        body_part=latest("body_part"),
        procedure=latest("procedure"),
        started_at=latest("started_at"),
        pairing=state_of(reports=bool(reports), images=bool(images), waits=over is False),
        reports=reports,
        images=images,
        input_digest=inputs,
        extraction=selected.get((study_key, inputs)),
        verdicts=tuple(review for source in sources for review in verdicts.get((first.patient_id, source), ())),
        fed_at=_fed_at(rows),
        waited=over is True,
        has_wait=over is not None,
    )


def input_digest(reports: Iterable[LedgerReport], images: Iterable[LedgerImage]) -> str:
    """The digest of a study's inputs: its current reports and its images."""
    texts = sorted(report.report_key for report in reports if report.current)
    films = sorted(f"{image.sop_instance_uid} {image.digest}" for image in images)
    return digest(len(texts), *texts, *films)


def _precedence(row: Row[Any]) -> Precedence:
    content = row.text_digest or row.image_digest or ""
    return precedence(row.status, row.issued_at, row.message_time, content, row.digest)


def _latest(said: Sequence[tuple[Precedence, Row[Any]]]) -> Callable[[str], Any]:
    ordered = sorted(said, key=lambda word: (word[0], word[1].item_key), reverse=True)
    return lambda name: next((value for _, row in ordered if (value := getattr(row, name)) is not None), None)


def _reports(rows: Iterable[Row[Any]], gone: Set[str]) -> Iterable[LedgerReport]:
    texts: dict[str, str] = {}
    said = []
    for row in rows:
        texts[row.report_key] = row.text
        said.append(_version(row))
    return [
        _report(standing, texts[standing.version.report_key], gone=standing.version.item_key in gone)
        for standing in standings(said)
    ]


def _version(row: Row[Any]) -> Version:
    return Version(
        item_key=row.item_key,
        report_key=row.report_key,
        report_id=row.report_id,
        status=row.status,
        addendum=row.addendum,
        issued_at=row.issued_at,
        message_time=row.message_time,
        text_digest=row.text_digest,
        message_digest=row.digest,
        arrival=row.event_id,
        exam=row.procedure,
        lasting=row.format == "dicom",
    )


def _report(standing: Standing, text: str, *, gone: bool) -> LedgerReport:
    version = standing.version
    return LedgerReport(
        report_key=version.report_key,
        report_id=version.report_id,
        version=standing.number,
        status=version.status,
        current=standing.current and not gone,
        addendum=version.addendum,
        issued_at=version.issued_at,
        text_digest=version.text_digest,
        supersedes=standing.supersedes,
        text=text,
    )


def _images(said: Iterable[tuple[Precedence, Row[Any]]]) -> Iterable[LedgerImage]:
    latest: dict[str, tuple[Precedence, Row[Any]]] = {}
    for word in said:
        uid = word[1].sop_instance_uid
        if uid and (uid not in latest or word[0] > latest[uid][0]):
            latest[uid] = word
    for uid, (_, row) in sorted(latest.items()):
        yield LedgerImage(uid, row.image_digest, row.view, row.rows, row.columns)


def _fed_at(rows: Iterable[Row[Any]]) -> datetime | None:
    contents = (row for row in rows if row.report_key or row.sop_instance_uid)
    return min((row.received_at for row in contents if row.format in FEEDS), default=None)
