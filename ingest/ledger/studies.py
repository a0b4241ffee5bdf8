"""Studies as the ledger knows them: what the projection is computed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection


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
    """One committed reading. `reads` are reportKeys and image UIDs; `result` is the worker's JSON."""

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


@dataclass(frozen=True, slots=True)
class LedgerStudy:
    """All that the ledger knows of one study. `accession` is a pseudonym; `pairing` as DESIGN.md 4 names it.

    `reports` are all versions, by (report_id, version); `images` by UID. `input_digest` covers the current reports and
    the images; `extraction` is the one selected for just these inputs, None where nothing was read yet.
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


def load(connection: Connection, study_key: str) -> LedgerStudy | None:
    """One study; None where no sighting bears the key (any more): the graph must not hold it either."""
    return load_many(connection, (study_key,)).get(study_key)


def load_many(connection: Connection, study_keys: Sequence[str]) -> dict[str, LedgerStudy]:
    """Many studies by key, in few queries. Keys that no sighting bears are absent."""
    raise NotImplementedError


def all_study_keys(connection: Connection) -> list[str]:
    """The keys of all studies, sorted."""
    raise NotImplementedError
