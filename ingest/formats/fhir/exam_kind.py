"""The kind of a DiagnosticReport: its status, its modality, and whether it is radiology."""

import re

from ingest.formats.code_sets import code_set
from ingest.formats.fhir.resources import DiagnosticReport, ImagingStudy
from ingest.formats.modalities import MODALITIES, modality_of_words
from ingest.messages import ReportStatus

STATUSES = {
    "registered": ReportStatus.PRELIMINARY,
    "partial": ReportStatus.PRELIMINARY,
    "preliminary": ReportStatus.PRELIMINARY,
    "final": ReportStatus.FINAL,
    "amended": ReportStatus.CORRECTED,
    "corrected": ReportStatus.CORRECTED,
    # Like amended: a resource is always complete, so it also has the former words.
    "appended": ReportStatus.CORRECTED,
    "cancelled": ReportStatus.WITHDRAWN,
    "entered-in-error": ReportStatus.WITHDRAWN,
    "unknown": ReportStatus.PRELIMINARY,
}
"""Value set diagnostic-report-status."""

# Categories by code, of HL7 table 0074 (R4's value set), SNOMED CT and LOINC.
_RADIOLOGY = code_set("RAD RX RUS CT NMR NMS VUS OUS CUS XRC IMAGING RADIOLOGY 394914008 363679005 LP29684-5 18748-4")
_ELSEWHERE = code_set(
    "LAB LABORATORY BG BLB CG CH CP GE HM IMM MB MCB MYC OSL PAT SP SR TX VR EC EN PF PHR NRS RC VITAL-SIGNS "
    "LP29693-6 LP29708-2 LP7839-6 26436-6 15220000 108252007"
)


_ADDENDUM = re.compile(r"\s*\W*addend(?:um|a)\b", re.IGNORECASE)
_WHOLE = re.compile(r"\b(?:findings?|impressions?|conclusions?)[ \t]*(?::|$)", re.IGNORECASE | re.MULTILINE)


def is_addendum(status: str, text: str) -> bool:
    """Whether an appended report has only the addendum, so that the former report must be kept too."""
    return status == "appended" and _ADDENDUM.match(text) is not None and _WHOLE.search(text) is None


def is_radiology(report: DiagnosticReport, study: ImagingStudy | None) -> bool:
    """Whether the report can be one of an imaging exam. In doubt it is, unless it consists of single results."""
    codes = set().union(report.code.codes, *(category.codes for category in report.category))
    if codes & _RADIOLOGY or study or report.imaging_study:
        return True
    if codes & _ELSEWHERE:
        return False
    return modality_of_words(report.code.words) is not None or not report.result


def modality(report: DiagnosticReport, study: ImagingStudy | None) -> str | None:
    """The imaging study's modality, else that of its series, else that in the exam's name."""
    given = [*study.modality, *(series.modality for series in study.series)] if study else []
    found = next((coding.code.upper() for coding in given if coding.code.upper() in MODALITIES), None)
    return found or modality_of_words(report.code.words)
