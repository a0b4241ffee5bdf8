"""The patient of a FHIR resource: a Patient in the same message, else what the reference itself says."""

from ingest.formats.cleaning import identifier
from ingest.formats.fhir.resources import Identifier, Patient, Reference
from ingest.formats.times import fhir_date
from ingest.messages import PatientFacts

_SEXES = frozenset({"female", "male", "other", "unknown"})


def read_patient(
    subject: Reference, patient: Patient | None, authorities: tuple[str, ...], source: str
) -> PatientFacts | None:
    """The patient under one identifier; None where there is none.

    Of several the one of the most preferred authority (system) is taken, then a medical record number (type MR), then
    an official one, then the first. A Patient without one goes by its literal reference. `source` is the authority of
    what names none. References of one message alone (`#id`, `urn:uuid:`) name nobody.
    """
    given = [*(patient.identifier if patient else ()), subject.identifier]
    found = [each for each in given if each.value.strip()]
    if not found and (name := _literal(subject, patient)):
        found = [Identifier(value=name)]
    if not found:
        return None
    ranks = {name: rank for rank, name in enumerate(authorities)}
    best = min(found, key=lambda each: (ranks.get(each.system, len(ranks)), _preference(each)))
    return PatientFacts(
        authority=identifier(best.system, "patient's system") or source,
        identifier=identifier(best.value, "patient identifier"),
        sex=patient.gender if patient and patient.gender in _SEXES else None,
        birth_date=fhir_date(patient.birth_date) if patient else None,
    )


def _literal(subject: Reference, patient: Patient | None) -> str:
    if subject.reference and not subject.reference.startswith(("#", "urn:uuid:")):
        return subject.reference.partition("/_history")[0]
    return f"Patient/{patient.id}" if patient and patient.id and not subject.reference.startswith("#") else ""


def _preference(each: Identifier) -> int:
    if "MR" in each.type.codes:
        return 0
    return 1 if each.use == "official" else 2
