"""Verify the graph: count violations of invariants, and compare every mention with the text of its report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from neo4j import READ_ACCESS, Driver, Session

from graph import invariants
from graph.connection import outages

TextLookup = Callable[[Sequence[str]], Mapping[str, str]]
"""Looks up report texts by reportKey; unknown reports are left out."""

REQUIRED_CONSTRAINTS = frozenset(
    f"{name}_key"
    for name in ("patient", "study", "report", "image", "extraction", "mention", "concept", "vocabulary", "migration")
)
_REPORTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Spans:
    """Mentions compared with their reports' texts. `unchecked` are those without an available text."""

    checked: int
    unchecked: int
    mismatched: int
    overlapping: int


def violations(driver: Driver, database: str = "neo4j", texts: TextLookup | None = None) -> dict[str, int]:
    """The number of violations of each invariant, by name: all 0 in a correct graph.

    `texts` looks up report texts that are not in the graph; a text that it lacks counts as a violation.
    Raises GraphUnavailableError.
    """
    found: dict[str, int] = {}
    with outages(), _reading(driver, database) as session:
        for statement in invariants.INVARIANTS:
            found |= session.run(statement).single(strict=True).data()
        names = set(session.run(invariants.CONSTRAINTS).single(strict=True)["names"])
    found["missing_constraints"] = len(REQUIRED_CONSTRAINTS - names)
    spans = check_spans(driver, database, texts)
    return found | {
        "mentions_unlike_their_text": spans.mismatched,
        "mentions_that_overlap": spans.overlapping,
        "mentions_without_report_text": 0 if texts is None else spans.unchecked,
    }


def check_spans(driver: Driver, database: str = "neo4j", texts: TextLookup | None = None) -> Spans:
    """Compare `text[start:end]` of each report with the text of its mentions, by code points.

    The text is from the graph (Report.text) or else from `texts`. It streams a few hundred reports at a time.
    """
    total = Spans(0, 0, 0, 0)
    with outages(), _reading(driver, database) as session:
        for reports in _batches(session):
            known = {row["report"]: row["text"] for row in reports if row["text"] is not None}
            missing = [row["report"] for row in reports if row["text"] is None]
            known |= texts(missing) if texts and missing else {}
            for row in reports:
                total = _add(total, _spans_of(known.get(row["report"]), sorted(row["spans"])))
    return total


def _reading(driver: Driver, database: str) -> Session:
    return driver.session(database=database, default_access_mode=READ_ACCESS, fetch_size=_REPORTS_AT_ONCE)


def _batches(session: Session) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for record in session.run(invariants.SPANS):
        batch.append(record.data())
        if len(batch) == _REPORTS_AT_ONCE:
            yield batch
            batch = []
    yield batch


def _spans_of(text: str | None, spans: list[tuple[int, int, str]]) -> Spans:
    overlapping = sum(later[0] < earlier[1] for earlier, later in pairwise(spans))
    if text is None:
        return Spans(0, len(spans), 0, overlapping)
    mismatched = sum(text[start:end] != words for start, end, words in spans)
    return Spans(len(spans), 0, mismatched, overlapping)


def _add(one: Spans, other: Spans) -> Spans:
    return Spans(
        one.checked + other.checked,
        one.unchecked + other.unchecked,
        one.mismatched + other.mismatched,
        one.overlapping + other.overlapping,
    )
