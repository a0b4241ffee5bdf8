"""What ADT messages say of patients (HL7 v2.8 chapter 3.3): their facts, and that two of them are one."""

from collections.abc import Iterable

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.hl7.patient import read_patient, read_retired
from ingest.formats.hl7.segments import Segment
from ingest.messages import PatientFacts, PatientMerge

UPDATES = frozenset({"A08", "A31"})
"""Events that correct a patient's facts. Admissions and the like are not taken: who has no report is none of ours."""

MERGES = frozenset({"A18", "A30", "A34", "A40"})
"""Events that give up the patient of MRG-1 for that of PID-3. A40 is today's; v2.3 has the others."""


def read_patients(segments: Iterable[Segment], authorities: tuple[str, ...], source: str) -> tuple[PatientFacts, ...]:
    """The patients that the message names, in order. Refuses (`no_patient`) a message that names none."""
    found = [read_patient(one, authorities, source) for one in segments if one.name == "PID"]
    patients = tuple(patient for patient in found if patient)
    if not patients:
        raise MessageRefusedError(Reason.NO_PATIENT, "no PID segment has an identifier", source=source)
    return patients


def read_merges(segments: Iterable[Segment], authorities: tuple[str, ...], source: str) -> tuple[PatientMerge, ...]:
    """The merges: each MRG is given up for the PID before it. Refuses (`no_patient`) where either is missing."""
    merges = []
    survivor: PatientFacts | None = None
    for segment in segments:
        if segment.name == "PID":
            survivor = read_patient(segment, authorities, source)
        elif segment.name == "MRG":
            retired = read_retired(segment, survivor.authority if survivor else "", authorities, source)
            if survivor is None or retired is None:
                raise MessageRefusedError(Reason.NO_PATIENT, "a merge lacks one of its two patients", source=source)
            merges.append(PatientMerge(survivor, retired))
    if not merges:
        raise MessageRefusedError(Reason.NO_PATIENT, "the merge has no MRG segment", source=source)
    return tuple(merges)
