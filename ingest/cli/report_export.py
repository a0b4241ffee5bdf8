"""`vlmkg events export-reports`: the reports that count now, as rows for training."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ingest.cli.console_user import console_user
from ingest.ledger import study_facts
from ingest.ledger.access import audit
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.database import Ledger
from ingest.ledger.study_facts import LedgerReport, LedgerStudy
from ingest.settings import existing_ledger_of
from vlmkg.data_dir import DataDir
from vlmkg.domain import is_chest_radiograph
from vlmkg.errors import UsageError
from vlmkg.options import data_option

PROVENANCE = "reports of patients, from this hospital's ledger: not to be published"
FINAL = frozenset({"F", "C"})
"""Statuses of reports that somebody has signed."""


@click.command("export-reports")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The new FILE.jsonl. Only its owner can read it.",
)
@click.option("--all-exams", is_flag=True, help="Include exams that are not chest radiographs.")
@data_option
def export_reports(data: DataDir, out: Path, *, all_exams: bool) -> None:
    """Write the text of each current final report as a line for `vlmkg train data import --format jsonl`.

    The file contains patient data: the texts may name people. Patients are pseudonyms. The audit trail records the
    export, with all patients in it.
    """
    ledger = existing_ledger_of(data)
    if out.exists():
        raise UsageError(f"{out} already exists", "choose another file, or remove this one")
    left_out: Counter[str] = Counter()
    rows = list(_rows(ledger, left_out, all_exams=all_exams))
    patients = sorted({row["patient"] for row in rows})
    audit.record(ledger, actor=console_user(), action="export reports", patients=patients, outcome="ok")
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    click.echo(json.dumps({"reports": len(rows), "patients": len(patients), "left_out": dict(left_out)}), err=True)


def _rows(ledger: Ledger, left_out: Counter[str], *, all_exams: bool) -> Iterator[dict[str, Any]]:
    with ledger.read() as connection:
        for keys in chunks(study_facts.all_study_keys(connection)):
            for _, study in sorted(study_facts.load_many(connection, keys).items()):
                current = [report for report in study.reports if report.current]
                if not all_exams and not _is_chest(study, current):
                    left_out["other exams"] += len(current)
                    continue
                final = [report for report in current if report.status in FINAL]
                left_out["not final"] += len(current) - len(final)
                yield from (_row(study, report) for report in final)


def _is_chest(study: LedgerStudy, current: list[LedgerReport]) -> bool:
    text = "\n".join(report.text for report in current)
    return is_chest_radiograph(study.modality, study.body_part, study.procedure, text)


def _row(study: LedgerStudy, report: LedgerReport) -> dict[str, Any]:
    """A line as training.data.jsonl reads it: `labels` is empty, so the import labels it."""
    return {
        "id": report.report_key,
        "patient": study.patient.patient_id,
        "report": report.text,
        "mentions": [],
        "labels": "",
        "status": report.status,
        "provenance": PROVENANCE,
    }
