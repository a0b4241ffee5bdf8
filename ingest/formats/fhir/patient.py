"""The patient of a FHIR resource: a Patient in the same message, else the reference itself."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ingest.event_warnings import EventWarning
from ingest.formats.cleaning import identifier
from ingest.formats.fhir.ids import is_of_one_server
from ingest.formats.fhir.references import asked_for
from ingest.formats.fhir.resources import Identifier, Patient, Reference
from ingest.formats.times import fhir_date, fhir_time
from ingest.messages import PatientFacts

_SEXES = frozenset({"female", "male", "other", "unknown"})
_USES = {"official": 1, "usual": 2, "": 2, "secondary": 3, "temp": 4}

ENDED, NO_SYSTEM, BY_REFERENCE = (
    EventWarning.PATIENT_ID_ENDED,
    EventWarning.PATIENT_ID_WITHOUT_SYSTEM,
    EventWarning.PATIENT_BY_REFERENCE,
)
LINK_UNREAD = EventWarning.PATIENT_LINK_UNREAD


class NamedPatient(NamedTuple):
    """The patient, and warnings about a doubtful identifier."""

    facts: PatientFacts
    warnings: tuple[EventWarning, ...]


class Sender(NamedTuple):
    """The authorities of a message's identifiers.

    `authorities` are the preferred systems, best first, `source` the authority of identifiers without a system.
    `named`: the source identifies one sender.
    """

    source: str
    named: bool
    authorities: tuple[str, ...]
    time: datetime | None


def read_patient(subject: Reference, patient: Patient | None, sender: Sender) -> NamedPatient | None:
    """The patient under one identifier; None if there is none.

    If there are several, a valid one is preferred, then one of the most preferred authority (system), then a medical
    record number (type MR), then an official one, then the first. A Patient without one is identified by its literal
    reference, if that is unique to one server. References within one message (`#id`, `urn:uuid:`) identify nobody.
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
    """Whether a subject can be a patient: it is not a group, a device or a location."""
    name = subject.reference.partition("?")[0].partition("/_history")[0].split("/")
    kind = subject.type or (name[-2] if len(name) > 1 else name[0] if "?" in subject.reference else "")
    return kind not in {"Group", "Device", "Location", "Medication", "Substance"}


def _literal(subject: Reference, patient: Patient | None, *, named: bool) -> str:
    """The reference as an identifier.

    `Patient/1`, or a URL whose host is not unique, identifies a patient only for a known sender.

    The id of a Patient in the same message counts only under the conditions of ingest.formats.fhir.ids.
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
    """Whether an identifier has expired at the time of the message."""
    if each.use == "old":
        return True
    end = _last_moment(each.period.end)
    return end is not None and end < (time or datetime.max.replace(tzinfo=UTC))


def _last_moment(end: str) -> datetime | None:
    """The end of a period; a date without a time ends with its last moment."""
    start = fhir_time(end)
    if start is None:
        return None
    days = {4: 366, 7: 31, 10: 1}.get(len(end), 0)
    return start + timedelta(days=days)


def _preference(each: Identifier) -> int:
    return 0 if "MR" in each.type.codes and each.use not in {"temp", "secondary"} else _USES.get(each.use, 2)
