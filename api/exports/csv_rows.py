"""Findings as CSV (RFC 4180), one per row. A cell that a spreadsheet would run as a formula gets an apostrophe."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from api.exports.rows import PatientFindings, Row

COLUMNS = (
    "patientId", "sex", "birthYear", "studyKey", "modality", "studiedAt", "findingId", "text", "presence",
    "conceptCode", "concept", "laterality", "severity", "score", "witness", "disputed", "review",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header() -> str:
    """The first line."""
    return _lines([COLUMNS])


def lines_of(found: PatientFindings) -> str:
    """The lines of one patient."""
    return _lines(_cells(found.patient, finding) for finding in found.findings)


def _cells(patient: Row, finding: Row) -> list[object]:
    study, concept = finding["study"], finding["concept"] or {}
    return [
        patient["patientId"],
        patient["sex"],
        patient["birthYear"],
        study["studyKey"],
        study["modality"],
        finding["studiedAt"],
        finding["id"],
        finding["text"],
        finding["presence"],
        concept.get("code"),
        concept.get("name"),
        finding["laterality"],
        finding["severity"],
        finding["score"],
        finding["witness"],
        str(finding["disputed"]).lower(),
        finding["review"],
    ]


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
