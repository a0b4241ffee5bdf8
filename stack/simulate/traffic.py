"""The hospital's messages: synthetic days as HL7 v2, with orders, updated and merged patients. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from stack.simulate.hospital_day import FACILITY, SyntheticMessage, SyntheticPatient, hospital_day

Door = Literal["mllp", "fhir", "dicom", "dicomweb"]
UPDATED, MERGED, BY_FHIR, BY_STOW = 5, 8, 6, 3
"""One patient in this number is corrected (ADT^A08), one was registered twice (ADT^A40), one has reports as FHIR
resources, and one has films by STOW-RS."""
DAY_SIZE = 1000
"""Range of patient and study numbers of one day."""
NOBODY: Mapping[str, str] = {}
RANK = "PFCX"
"""Statuses by precedence."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its name in the account (MSH-10 of HL7), its HL7 bytes, the report version that it contains or
    refers to.

    FHIR resources and films are made of `report` when they are sent.
    """

    control_id: str
    raw: bytes
    report: SyntheticMessage
    door: Door = "mllp"

    @property
    def is_version(self) -> bool:
        """Whether it contains a version of a report."""
        return self.control_id.startswith("SYN")


@dataclass(frozen=True, slots=True)
class Traffic:
    """All messages in the order of a hospital, and the corrected and merged patients.

    `born` is the final year of birth, `retired` the number that was merged away, both by patient number.
    """

    messages: tuple[Message, ...]
    born: dict[str, int]
    retired: dict[str, str]


def traffic(days: int, seed: int) -> Traffic:
    """This number of days, one after the other. The same seed gives the same bytes."""
    reports = [
        report for day in range(days) for report in hospital_day(seed + day, first=(seed * 31 + day) % 900 * DAY_SIZE)
    ]
    patients = {report.patient.mrn: report.patient for report in reports}
    born = {mrn: patient.birth_year + 1 for mrn, patient in patients.items() if patient.number % UPDATED == 0}
    retired = {mrn: f"TMP{patient.number:05d}" for mrn, patient in patients.items() if patient.number % MERGED == 0}
    timed = sorted(
        [*reports_and_films(reports, retired), *_orders(reports), *_admissions(reports, patients, born, retired)],
        key=lambda one: (one[0], one[1].control_id),
    )
    return Traffic(tuple(_by_stow(message) for _, message in timed), born, retired)


def _by_stow(message: Message) -> Message:
    by_stow = message.door == "dicom" and message.report.patient.number % BY_STOW == 0
    return replace(message, door="dicomweb") if by_stow else message


def disordered(messages: tuple[Message, ...], rng: Random, window: int) -> list[Message]:
    """The messages, each moved by up to about `window` positions."""
    places = [(number + rng.uniform(0, window), number) for number in range(len(messages))]
    return [messages[number] for _, number in sorted(places)]


def text_of(message: SyntheticMessage) -> str:
    """The expected text of a report: OBX-5, one line each."""
    segments = message.raw.decode().split("\r")
    return "\n".join(segment.split("|")[5] for segment in segments if segment.startswith("OBX"))


def study_uid(message: SyntheticMessage) -> str:
    """The StudyInstanceUID in ZDS-1."""
    (zds,) = (segment for segment in message.raw.decode().split("\r") if segment.startswith("ZDS"))
    return zds.split("|")[1].split("^")[0]


def reports_and_films(
    reports: list[SyntheticMessage], retired: Mapping[str, str] = NOBODY
) -> Iterator[tuple[datetime, Message]]:
    """The reports, those of some patients by FHIR, and a film of each study ten minutes before its first report."""
    yield from _reports(reports, retired)
    first = {report.accession: report for report in reversed(reports)}
    for accession, report in first.items():
        yield report.sent_at - timedelta(minutes=10), Message(f"FILM{accession}", b"", report, "dicom")


def _reports(reports: list[SyntheticMessage], retired: Mapping[str, str]) -> Iterator[tuple[datetime, Message]]:
    """The first report of a patient who was registered twice has the other number."""
    seen: set[str] = set()
    for report in reports:
        mrn, raw = report.patient.mrn, report.raw
        if mrn in retired and mrn not in seen:
            raw = raw.replace(f"|{mrn}^".encode(), f"|{retired[mrn]}^".encode())
        seen.add(mrn)
        door: Door = "fhir" if report.patient.number % BY_FHIR == 0 else "mllp"
        yield report.sent_at, Message(f"SYN{report.accession}{report.status}", raw, replace(report, raw=raw), door)


def _orders(reports: list[SyntheticMessage]) -> Iterator[tuple[datetime, Message]]:
    first = {report.accession: report for report in reversed(reports)}
    for accession, report in first.items():
        at, control_id = report.sent_at - timedelta(minutes=40), f"ORM{accession}"
        raw = stamped(
            at,
            "ORM^O01^ORM_O01",
            control_id,
            _pid(report.patient, report.patient.mrn, report.patient.birth_year),
            f"ORC|NW|P{accession}|{accession}",
            f"OBR|1|P{accession}|{accession}|71046^XR CHEST 2 VIEWS^SYN{'|' * 20}CR",
            f"ZDS|{study_uid(report)}^SYNRIS^Application^DICOM",
        )
        yield at, Message(control_id, raw, report)


def _admissions(
    reports: list[SyntheticMessage],
    patients: dict[str, SyntheticPatient],
    born: dict[str, int],
    retired: dict[str, str],
) -> Iterator[tuple[datetime, Message]]:
    of = {report.patient.mrn: report for report in reports}
    for mrn, patient in patients.items():
        if mrn in born:
            at = of[mrn].sent_at + timedelta(minutes=5)
            raw = stamped(at, "ADT^A08^ADT_A01", f"A08{mrn}", "EVN||" + _stamp(at), _pid(patient, mrn, born[mrn]))
            yield at, Message(f"A08{mrn}", raw, of[mrn])
        if mrn in retired:
            at = of[mrn].sent_at + timedelta(minutes=1)
            pid = _pid(patient, mrn, patient.birth_year)
            raw = stamped(at, "ADT^A40^ADT_A39", f"A40{mrn}", "EVN||" + _stamp(at), pid, f"MRG|{retired[mrn]}^^^SYN^MR")
            yield at, Message(f"A40{mrn}", raw, of[mrn])


def stamped(at: datetime, kind: str, control_id: str, *segments: str) -> bytes:
    """A message of the hospital's, with its header."""
    header = rf"MSH|^~\&|SYNRIS|{FACILITY}|VLMKG|VLMKG|{_stamp(at)}||{kind}|{control_id}|P|2.5.1||||||UNICODE UTF-8"
    return ("\r".join([header, *segments]) + "\r").encode()


def _pid(patient: SyntheticPatient, mrn: str, birth_year: int) -> str:
    return f"PID|1||{mrn}^^^SYN^MR||SYNTHETIC^PATIENT {patient.number:02d}||{birth_year}0101|{patient.sex}"


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S+0000")
