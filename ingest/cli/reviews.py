"""`vlmkg reviews`: reviews of findings, for training a model."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from ingest.cli.console_user import console_user
from ingest.ledger.access import audit
from ingest.ledger.readings import extractions
from ingest.ledger.reviews import missed
from ingest.ledger.reviews import reviews as ledger_reviews
from ingest.ledger.reviews.missed import Mark
from ingest.ledger.reviews.verdicts import Review, standing
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies import reports
from ingest.ledger.study_facts import LedgerExtraction
from ingest.settings import existing_ledger_of
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.options import data_option

SOURCES_AT_ONCE = 200


@click.group()
def reviews() -> None:
    """Export reviews of findings."""


@reviews.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The new file. Only its owner can read it."
)
@click.option("--all", "everything", is_flag=True, help="Include verdicts that were replaced or withdrawn.")
@click.option("--missed", "misses", is_flag=True, help="Write what people marked as missed, instead of verdicts.")
@data_option
def export(data: DataDir, out: Path | None, everything: bool, misses: bool) -> None:
    """Write the verdicts that count as JSON lines, each with its finding and the text of the report.

    The file contains patient data: notes and texts may name people. The audit trail records the export.
    """
    ledger = existing_ledger_of(data)
    if out is not None and out.exists():
        raise UsageError(f"{out} already exists", "choose another file, or remove this one")
    lines = list(_missed_lines(ledger) if misses else _lines(ledger, everything=everything))
    patients = sorted({line["patient"] for line in lines})
    audit.record(ledger, actor=console_user(), action="export reviews", patients=patients, outcome="ok")
    written = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    if out is None:
        click.echo(written, nl=False)
    else:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(written)
    click.echo(f"{len(lines)} {'missed findings' if misses else 'reviews'}", err=True)


def _lines(ledger: Ledger, *, everything: bool) -> Iterator[dict[str, Any]]:
    """One line per review, report by report."""
    with ledger.read() as connection:
        for sources in _groups(connection):
            given = ledger_reviews.of_sources(connection, sources)
            counting = {review.id for review in standing(given)}
            shown = [review for review in given if everything or review.id in counting]
            texts = reports.texts(connection, sources)
            read_by = extractions.find(connection, [review.extraction_id for review in shown])
            for review in shown:
                text = texts.get(review.statement.place.source)
                yield _line(review, text, read_by[review.extraction_id]) | {"standing": review.id in counting}


def _missed_lines(ledger: Ledger) -> Iterator[dict[str, Any]]:
    """One line per mark that counts."""
    with ledger.read() as connection:
        marks = missed.everything(connection)
        texts = reports.texts(connection, sorted({mark.said.report_key for mark in marks}))
        for mark in marks:
            yield _missed_line(mark, texts.get(mark.said.report_key))


def _groups(connection: Connection) -> Iterator[Sequence[str]]:
    found = ledger_reviews.sources(connection)
    for first in range(0, len(found), SOURCES_AT_ONCE):
        yield found[first : first + SOURCES_AT_ONCE]


def _missed_line(mark: Mark, text: str | None) -> dict[str, Any]:
    said, target = mark.said, mark.said.target
    related = target and {
        "type": target.relation,
        "start": target.start,
        "end": target.end,
        "text": target.words,
    }
    return {
        "missed": mark.id,
        "at": mark.at.isoformat(),
        "reviewer": said.reviewer,
        "note": said.note,
        "patient": said.patient_id,
        "report": said.report_key,
        "finding": {
            "start": said.start,
            "end": said.end,
            "text": said.words,
            "presence": said.presence,
            "concept": said.concept_code and {"code": said.concept_code, "name": said.concept_name},
            "relation": related,
        },
        "text": text,
    }


def _line(review: Review, text: str | None, extraction: LedgerExtraction) -> dict[str, Any]:
    place, claim = review.statement.place, review.statement.claim
    return {
        "review": review.id,
        "at": review.at.isoformat(),
        "reviewer": review.reviewer,
        "may_read": review.may_read,
        "verdict": review.verdict,
        "presence": review.presence,
        "note": review.note,
        "patient": review.statement.patient_id,
        "report": None if place.film else place.source,
        "film": place.source if place.film else None,
        "finding": {
            "start": place.start,
            "end": place.end,
            "text": review.words,
            "section": review.section,
            "presence": claim.presence,
            "concept": {"code": claim.concept_code, "name": review.concept_name},
            "laterality": claim.laterality,
            "severity": claim.severity,
            "places": claim.place_codes,
        },
        "engine": extraction.engine,
        "checkpoint": extraction.checkpoint,
        "checkpoint_digest": extraction.checkpoint_digest,
        "engine_digest": extraction.engine_digest,
        "text": text,
    }
