"""Patients in the ledger: one row per pseudonym, with the facts of the latest message."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from ingest.ledger.storage.bulk import BulkSelect, BulkWrite, bulk_insert
from ingest.ledger.storage.database import INSERT
from ingest.ledger.storage.tables import patients
from ingest.ledger.studies.message_facts import NewPatient

Row = dict[str, Any]

_FACTS = ("sex", "sex_as_of", "birth_date", "birth_date_as_of")
_BY_ID = BulkSelect(select(patients), patients.c.patient_id)
_INSERT = bulk_insert(dict.fromkeys(INSERT, patients.insert()))
_UPDATE = BulkWrite(
    dict.fromkeys(
        INSERT,
        update(patients)
        .where(patients.c.patient_id == bindparam("patient"))
        .values({name: bindparam(f"new_{name}") for name in _FACTS}),
    ),
    {"patient": patients.c.patient_id, **{f"new_{name}": patients.c[name] for name in _FACTS}},
)


@dataclass(frozen=True, slots=True)
class PatientChanges:
    """Patients whose facts have changed, and the survivors of merged ones."""

    changed: frozenset[str]
    survivors: Mapping[str, str]


def write_patients(connection: Connection, said: Iterable[NewPatient]) -> PatientChanges:
    """Insert or update patients. Of two messages the later one counts, whatever the order of arrival.

    A message that does not state the sex or the date of birth says nothing about it.
    """
    new: dict[str, list[NewPatient]] = {}
    for patient in said:
        new.setdefault(patient.patient_id, []).append(patient)
    known: dict[str, Row] = {row.patient_id: row._asdict() for row in _BY_ID.rows(connection, new)}
    _INSERT.execute(connection, [_merged(_blank(said[0]), said) for key, said in new.items() if key not in known])
    updated = [row for key, old in known.items() if (row := _merged(old, new[key])) != old]
    _update(connection, updated)
    changed = frozenset(row["patient_id"] for row in updated if _facts(row) != _facts(known[row["patient_id"]]))
    survivors = {key: row["survivor_id"] for key, row in known.items() if row["survivor_id"]}
    return PatientChanges(changed, survivors)


def exist(connection: Connection) -> bool:
    """Whether the ledger has any patient."""
    return connection.execute(select(patients.c.patient_id).limit(1)).first() is not None


def is_known(connection: Connection, patient_id: str) -> bool:
    """Whether any message was about this patient."""
    return (
        connection.execute(select(patients.c.patient_id).where(patients.c.patient_id == patient_id)).first() is not None
    )


def _blank(patient: NewPatient) -> Row:
    return {
        "patient_id": patient.patient_id,
        "authority": patient.authority,
        "identifier": patient.identifier,
        "sex": None,
        "sex_as_of": "",
        "birth_date": None,
        "birth_date_as_of": "",
        "survivor_id": None,
    }


def _merged(row: Row, said: Iterable[NewPatient]) -> Row:
    row = dict(row)
    for patient in said:
        if patient.sex is not None and patient.as_of >= row["sex_as_of"]:
            row |= {"sex": patient.sex, "sex_as_of": patient.as_of}
        if patient.birth_date is not None and patient.as_of >= row["birth_date_as_of"]:
            row |= {"birth_date": patient.birth_date, "birth_date_as_of": patient.as_of}
    return row


def _facts(row: Row) -> tuple[Any, Any]:
    """The patient's facts in the graph; a later message with the same facts changes nothing there."""
    return row["sex"], row["birth_date"]


def _update(connection: Connection, rows: list[Row]) -> None:
    _UPDATE.execute(
        connection, [{"patient": row["patient_id"]} | {f"new_{name}": row[name] for name in _FACTS} for row in rows]
    )
