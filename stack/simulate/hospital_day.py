"""A synthetic hospital day as HL7 v2.5.1 ORU^R01 messages, in the order of a hospital."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from stack.simulate.courses import SCHEDULE, Version, Visit
from training.synthetic.facts import Fact

FACILITY = "SYNTHETIC HOSPITAL"
_EPOCH = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SyntheticPatient:
    """An invented patient: a running number, HL7 administrative sex, birth year."""

    number: int
    sex: str
    birth_year: int

    @property
    def mrn(self) -> str:
        """The medical record number under the synthetic hospital's authority."""
        return f"SYN{self.number:05d}"


@dataclass(frozen=True, slots=True)
class SyntheticMessage:
    """One ORU^R01: its time, its bytes, and its content for the check.

    `film` is what the phantom film of its study shows.
    """

    sent_at: datetime
    raw: bytes
    patient: SyntheticPatient
    accession: str
    status: str
    film: tuple[Fact, ...] = ()


def hospital_day(seed: int = 2026, *, first: int = 0) -> list[SyntheticMessage]:
    """All messages of the day's archive, by time of sending. The same seed gives the same bytes.

    Patients and studies are numbered from `first`: give different days different numbers.
    """
    return sorted(_messages(Random(seed), first), key=lambda message: message.sent_at)  # noqa: S311 - not for secrets


def _messages(rng: Random, first: int) -> Iterator[SyntheticMessage]:
    number = study = first
    for course, patients in SCHEDULE:
        for _ in range(patients):
            number += 1
            patient = SyntheticPatient(number, rng.choice("MF"), rng.randint(1935, 2004))
            start = _EPOCH + timedelta(minutes=rng.randrange(60 * 10))
            for visit in course(rng):
                study += 1
                yield from visit_messages(patient, study, start + timedelta(days=visit.day), visit)


def visit_messages(
    patient: SyntheticPatient, study: int, started: datetime, visit: Visit
) -> Iterator[SyntheticMessage]:
    """The versions of the report of one study, in the order of sending."""
    accession = f"A{study:06d}"
    for step, version in enumerate(visit.versions):
        sent_at = started + timedelta(minutes=25 + 50 * step)
        raw = _oru(patient, accession, started, sent_at, visit, version)
        yield SyntheticMessage(sent_at, raw, patient, accession, version.status, visit.film)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S+0000")


def _oru(
    patient: SyntheticPatient, accession: str, started: datetime, sent_at: datetime, visit: Visit, version: Version
) -> bytes:
    """One message: HL7 v2.5.1 chapter 7.3, one OBX per line of text, the study UID in ZDS-1 (IHE RAD TF-2 4.4)."""
    exam, sent, begun = "71046^XR CHEST 2 VIEWS^SYN", _stamp(sent_at), _stamp(started)
    lines = (
        f"INDICATION: {visit.indication}.",
        "FINDINGS:",
        version.findings,
        "IMPRESSION:",
        version.impression,
    )
    born = f"{patient.birth_year}0101"
    segments = [
        _segment("MSH", r"^~\&", "SYNRIS", FACILITY, "VLMKG", "VLMKG", sent, "", "ORU^R01^ORU_R01")
        + f"|SYN{accession}{version.status}|P|2.5.1||||||UNICODE UTF-8",
        _segment("PID", "1", "", f"{patient.mrn}^^^SYN^MR", "", f"SYNTHETIC^PATIENT {patient.number:02d}", "", born)
        + f"|{patient.sex}",
        _segment("PV1", "1", "O", f"SYN RAD^^^{FACILITY}"),
        _segment("OBR", "1", f"P{accession}", accession, exam, "", begun, begun, *[""] * 14, sent, "", "CR")
        + f"|{version.status}",
        _segment("ZDS", f"2.25.{int.from_bytes(accession.encode(), 'big')}^SYNRIS^Application^DICOM"),
        *(
            _segment("OBX", str(number), "TX", exam, "", line, *[""] * 5, version.status)
            for number, line in enumerate(lines, 1)
        ),
    ]
    return ("\r".join(segments) + "\r").encode()


def _segment(*fields: str) -> str:
    return "|".join(fields)
