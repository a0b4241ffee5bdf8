"""A report as its sender means it, made up, and what a parser must have read of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from ingest.messages import ParsedMessage
from vlmkg.reading.sections import find_sections

_FINDINGS = (
    "No pneumothorax.",
    "Small left pleural effusion.",
    "The heart is enlarged; no edema.",
    "Opacity in the right lower lobe, 2 < 3 cm & unchanged.",
    "Größe des Herzens normal.",
    "The lungs are clear.",
    "Old fracture of the left 6th rib.",
)
_IMPRESSIONS = ("Left pleural effusion.", "No acute disease.", "Cardiomegaly without failure.", "Pneumonia is likely.")
_INDICATIONS = ("Cough.", "Rule out pneumonia.", "Fall; pain on the right.")


@dataclass(frozen=True, slots=True)
class Report:
    """One final report of one exam. Sections are (heading, its lines), each line a sentence."""

    authority: str
    patient: str
    sex: str
    born: str
    system: str
    number: str
    accession: str
    study_uid: str
    procedure: str
    started: datetime
    issued: datetime
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    def lines(self, heading: str) -> tuple[str, ...]:
        """The lines under a heading; none where the report has it not."""
        return dict(self.sections).get(heading, ())

    @property
    def text(self) -> str:
        """The report as a plain text."""
        return "\n\n".join("\n".join((f"{heading}:", *lines)) for heading, lines in self.sections)


def reports(number: int) -> list[Report]:
    """So many reports, the same at each call."""
    return [_report(each) for each in range(1, number + 1)]


def _report(number: int) -> Report:
    random = Random(number)
    started = datetime(2026, 1, 1, 9, tzinfo=UTC) + timedelta(days=number, minutes=random.randrange(600))
    sections = [("FINDINGS", tuple(random.sample(_FINDINGS, random.randint(1, 4))))]
    if random.random() < 0.8:
        sections.append(("IMPRESSION", (random.choice(_IMPRESSIONS),)))
    if random.random() < 0.5:
        sections.insert(0, ("INDICATION", (random.choice(_INDICATIONS),)))
    return Report(
        authority="urn:variants",
        patient=f"V{number}",
        sex=random.choice(("female", "male")),
        born=f"19{random.randint(30, 99)}-0{random.randint(1, 9)}-1{random.randint(0, 9)}",
        system="urn:variants:reports",
        number=f"R{number}",
        accession=f"A{number}",
        study_uid=f"1.2.826.0.1.3680043.10.9.{number}",
        procedure="XR CHEST 2 VIEWS",
        started=started,
        issued=started + timedelta(minutes=90),
        sections=tuple(sections),
    )


def essence(parsed: ParsedMessage) -> tuple[object, ...]:
    """What of a message makes the graph: names of patient, study and report, times, status, and the words of each
    section that is read."""
    ((study, report),) = ((study, report) for study in parsed.studies for report in study.reports)
    patient = study.patient
    return (
        (patient.authority, patient.identifier, patient.sex, str(patient.birth_date)),
        (study.study_uid, study.accession, study.procedure, study.started_at),
        (parsed.source, report.report_id, report.status, report.issued_at, report.addendum),
        _read(report.text),
    )


def meant(report: Report) -> tuple[object, ...]:
    """The same of the report as it was meant."""
    return (
        (report.authority, report.patient, report.sex, report.born),
        (report.study_uid, report.accession, report.procedure, report.started),
        (report.system, report.number, "F", report.issued, False),
        _read(report.text),
    )


def _read(text: str) -> tuple[tuple[str, str], ...]:
    """The sections that are read, in words; those of one kind that follow one another together."""
    found: list[tuple[str, str]] = []
    for kind, start, end in find_sections(text):
        words = " ".join(text[start:end].split())
        if found and found[-1][0] == kind:
            found[-1] = (kind, f"{found[-1][1]} {words}")
        else:
            found.append((kind, words))
    return tuple(found)
