"""ADT messages (HL7 v2.8 chapter 3.3): facts of patients, and merges of two patients."""

from collections.abc import Iterable
from datetime import datetime

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.code_sets import code_set
from ingest.formats.hl7.patient import PatientSaid, read_patient, read_retired
from ingest.formats.hl7.segments import Segment
from ingest.messages import PatientMerge

UPDATES = code_set("A01 A02 A03 A04 A05 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 A16 A28 A31")
"""Events whose PID identifies a patient. Admission, transfer and discharge are not stored."""

MERGES = code_set("A18 A30 A34 A36 A40 A46 A47")
"""Events that replace the patient of MRG-1 by that of PID-3.

A40 is current; v2.3 has A34 and A36 for it; A46 and A47 change a patient's number.
"""


def read_patients(
    segments: Iterable[Segment], authorities: tuple[str, ...], source: str, at: datetime | None
) -> tuple[PatientSaid, ...]:
    """The patients that the message names, in order. Refuses (`no_patient`) a message that names none."""
    found = [read_patient(one, authorities, source, at) for one in segments if one.name == "PID"]
    patients = tuple(patient for patient in found if patient)
    if not patients:
        raise MessageRefusedError(Reason.NO_PATIENT, "no PID segment has an identifier", source=source)
    return patients


def read_merges(
    segments: Iterable[Segment], authorities: tuple[str, ...], source: str, at: datetime | None
) -> tuple[PatientMerge, ...]:
    """The merges: the PID before an MRG replaces its patient. Refuses (`no_patient`) if either is missing."""
    merges: list[PatientMerge] = []
    survivor: PatientSaid | None = None
    for segment in segments:
        if segment.name == "PID":
            survivor = read_patient(segment, authorities, source, at)
        elif segment.name == "MRG":
            retired = read_retired(segment, survivor.facts if survivor else None, authorities, source)
            if survivor is None or retired is None:
                raise MessageRefusedError(Reason.NO_PATIENT, "the merge lacks one of its two patients", source=source)
            merges += [PatientMerge(survivor.facts, retired), *survivor.aliases]
    if not merges:
        raise MessageRefusedError(Reason.NO_PATIENT, "the merge has no MRG segment", source=source)
    return tuple(merges)
