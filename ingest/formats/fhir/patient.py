"""The patient of a FHIR resource: a Patient in the same message, else what the reference itself says."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ingest.formats.cleaning import identifier
from ingest.formats.fhir.ids import is_of_one_server
from ingest.formats.fhir.library import asked_for
from ingest.formats.fhir.resources import Identifier, Patient, Reference
from ingest.formats.times import fhir_date, fhir_time
from ingest.messages import PatientFacts

_SEXES = frozenset({"female", "male", "other", "unknown"})
_USES = {"official": 1, "usual": 2, "": 2, "secondary": 3, "temp": 4}

ENDED, NO_SYSTEM, BY_REFERENCE = "patient_id_ended", "patient_id_without_system", "patient_by_reference"
LINK_UNREAD = "patient_link_unread"


class NamedPatient(NamedTuple):
    """The patient, and warnings that name what is doubtful in the identifier."""

    facts: PatientFacts
    warnings: tuple[str, ...]


class Sender(NamedTuple):
    """Under what the identifiers of a message stand: `authorities` are the preferred systems, best first, `source` the
    authority of what names none. `named`: the source is that of a sender, and not of all who name none."""

    source: str
    named: bool
    authorities: tuple[str, ...]
    time: datetime | None


def read_patient(subject: Reference, patient: Patient | None, sender: Sender) -> NamedPatient | None:
    """The patient under one identifier; None where there is none.

    Of several one that holds is taken, then of the most preferred authority (system), then a medical record number
    (type MR), then an official one, then the first. A Patient without one goes by its literal reference, where that is
    known to be of one server alone. References of one message alone (`#id`, `urn:uuid:`) name nobody.
    """
    given = [*(patient.identifier if patient else ()), subject.identifier]
    if asked := asked_for(subject):
        given.append(asked)
    found = [each for each in given if each.value.strip()]
    warnings = [LINK_UNREAD] if patient and patient.link else []
    if not found and (name := _literal(subject, patient, named=sender.named)):
        found = [Identifier(system=sender.source, value=name)]
        warnings.append(BY_REFERENCE)
    if not found:
        return None
    ranks = {name: rank for rank, name in enumerate(sender.authorities)}
    best = min(
        found,
        key=lambda each: (
            _is_over(each, sender.time),
            ranks.get(each.system, len(ranks)),
            _preference(each),
            each.period.end != "",
        ),
    )
    warnings += [ENDED] if _is_over(best, sender.time) else []
    warnings += [] if best.system.strip() else [NO_SYSTEM]
    facts = PatientFacts(
        authority=identifier(best.system, "patient's system") or sender.source,
        identifier=identifier(best.value, "patient identifier"),
        sex=patient.gender if patient and patient.gender in _SEXES else None,
        birth_date=fhir_date(patient.birth_date) if patient else None,
    )
    return NamedPatient(facts, tuple(warnings))


def is_patient(subject: Reference) -> bool:
    """Whether a subject can be a patient: it is not said to be a group, a device or a place."""
    name = subject.reference.partition("?")[0].partition("/_history")[0].split("/")
    kind = subject.type or (name[-2] if len(name) > 1 else name[0] if "?" in subject.reference else "")
    return kind not in {"Group", "Device", "Location", "Medication", "Substance"}


def _literal(subject: Reference, patient: Patient | None, *, named: bool) -> str:
    """The reference as a name. `Patient/1` names a patient only on the server of a sender that is known, and so does an
    address that means another server to everyone.

    The id of a Patient that was sent with the report names it only where the sender says so (ingest.formats.fhir.ids).
    """
    reference = subject.reference.partition("/_history")[0]
    if is_of_one_server(reference) and (patient is None or patient.id):
        return reference
    if not named or reference.startswith("#"):
        return ""
    if patient is not None:
        return f"Patient/{patient.id}" if patient.id else ""
    return "" if reference.startswith("urn:") else reference


def _is_over(each: Identifier, time: datetime | None) -> bool:
    """Whether an identifier is the patient's no more at the time of the message."""
    if each.use == "old":
        return True
    end = _last_moment(each.period.end)
    return end is not None and end < (time or datetime.max.replace(tzinfo=UTC))


def _last_moment(end: str) -> datetime | None:
    """The end of a period; a date without a time is over with its last moment."""
    start = fhir_time(end)
    if start is None:
        return None
    days = {4: 366, 7: 31, 10: 1}.get(len(end), 0)
    return start + timedelta(days=days)


def _preference(each: Identifier) -> int:
    return 0 if "MR" in each.type.codes and each.use not in {"temp", "secondary"} else _USES.get(each.use, 2)
