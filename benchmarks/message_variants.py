"""Write reports in many ways and check that each gives the same study: patient, time and findings.

    python -m benchmarks.message_variants [--variants 5000] [--reports 20] [--seed 0] [--format hl7|fhir|sr|all]

Each format has a module in benchmarks.variants with `variant(report, seed) -> bytes`. The texts are read by the rules
engine; findings are compared by words, presence and side. Exit code 1 where any differs; the first ones are printed.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC
from typing import NamedTuple

from benchmarks.variants import dicom, fhir, hl7
from benchmarks.variants.reports import Report, reports
from ingest.errors import MessageRefusedError
from ingest.formats.origin import Format, Origin
from ingest.formats.parse import parse
from ingest.formats.settings import FormatSettings
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import load_engine, read_reports


class Writing(NamedTuple):
    """How a report is written: the format, and the function that writes it in the way of a seed."""

    format: Format
    variant: Callable[[Report, int], bytes]


WRITINGS: dict[str, Writing] = {
    "hl7": Writing(Format.HL7, hl7.variant),
    "fhir": Writing(Format.FHIR, fhir.variant),
    "sr": Writing(Format.DICOM, dicom.variant),
}
SETTINGS = FormatSettings()
SHOWN = 5


class Said(NamedTuple):
    """The content of a message that must be the same in all variants."""

    patient: tuple[str, str, str | None, str]
    study: tuple[str | None, str | None, str]
    status: str
    addendum: bool
    findings: frozenset[tuple[str, str, str | None, str]]


def expected(report: Report, engine: Engine) -> Said:
    """The expected content of a report."""
    return Said(
        (report.authority, report.patient, report.sex, report.born),
        (report.accession, report.study_uid, report.started.strftime("%Y%m%d%H%M")),
        "F",
        False,
        _findings(report.text, engine),
    )


def said(raw: bytes, kind: Format, engine: Engine) -> Said:
    """The content of a message. Raises MessageRefusedError, and ValueError if it is ambiguous."""
    (study,) = parse(kind, raw, Origin(), SETTINGS).studies
    (report,) = study.reports
    born = study.patient.birth_date
    started = study.started_at
    return Said(
        (
            study.patient.authority,
            study.patient.identifier,
            study.patient.sex,
            born.isoformat() if born else "",
        ),
        (study.accession, study.study_uid, started.astimezone(UTC).strftime("%Y%m%d%H%M") if started else ""),
        report.status.value,
        report.addendum,
        _findings(report.text, engine),
    )


def difference(report: Report, seed: int, writing: Writing, engine: Engine) -> str:
    """The difference between a report and the message of this seed; empty if there is none."""
    raw = writing.variant(report, seed)
    wanted = expected(report, engine)
    try:
        found = said(raw, writing.format, engine)
    except (MessageRefusedError, ValueError) as error:
        return f"{report.number} seed {seed}: {error}"
    fields = [name for name in Said._fields if getattr(wanted, name) != getattr(found, name)]
    told = "; ".join(f"{name}: {getattr(found, name)} instead of {getattr(wanted, name)}" for name in fields)
    return f"{report.number} seed {seed}: {told}" if fields else ""


def _findings(text: str, engine: Engine) -> frozenset[tuple[str, str, str | None, str]]:
    """The findings and their sections, each once: a sentence may be said in findings and in impression."""
    (reading,) = read_reports(engine, [text])
    found = [(reading.graph.mentions[each.mention], each) for each in reading.findings]
    return frozenset(
        (" ".join(mention.text.lower().split()), mention.presence.value, each.laterality, each.concept.code)
        for mention, each in found
    )


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=5000)
    parser.add_argument("--reports", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=[*WRITINGS, "all"], default="all")
    given = parser.parse_args()
    engine, models = load_engine("rules"), reports(given.reports)
    begun = time.perf_counter()
    names = list(WRITINGS) if given.format == "all" else [given.format]
    different = [
        f"{name}: {told}"
        for number in range(given.seed, given.seed + given.variants)
        for name in [names[number % len(names)]]
        if (told := difference(models[number % len(models)], number, WRITINGS[name], engine))
    ]
    for told in different[:SHOWN]:
        print(told)
    seconds = time.perf_counter() - begun
    kinds = ", ".join(names)
    print(f"{given.variants} variants ({kinds}) of {len(models)} reports: {len(different)} differ ({seconds:.0f} s)")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
