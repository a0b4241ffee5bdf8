"""What a parser must have read of a report, however it is written."""

from benchmarks.variants.reports import Report
from ingest.messages import ParsedMessage
from vlmkg.reading.sections import find_sections


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
