"""`/metrics` for Prometheus: event states, unread text, outcomes and duration of operations.

Labels are states, kinds of operation and codes, without data of senders, clients or patients.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response

from ingest.errors import OutageError
from ingest.ledger import unread_totals
from ingest.ledger.events import events
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.unread_totals import UnreadTexts
from ingest.remembered import Remembered

LedgerFacts = tuple[dict[State, int], timedelta, UnreadTexts]
"""Events by state, the age of the oldest unsettled one, and unread texts."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
_KINDS = frozenset({"query", "mutation", "subscription"})


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of one process."""

    registry: CollectorRegistry
    operations: Counter
    seconds: Histogram
    events: Gauge
    oldest: Gauge
    reports: Gauge
    characters: Gauge
    shares: Gauge
    ledger_facts: Remembered[LedgerFacts] = field(default_factory=Remembered)

    def operation(self, action: str, codes: list[str], seconds: float) -> None:
        """Count one operation. `action` is from the guard, empty if the document could not be read."""
        kind = action.partition(" ")[0]
        kind = kind if kind in _KINDS else "unread"
        self.operations.labels(kind, codes[0] if codes else "ok").inc()
        self.seconds.labels(kind).observe(seconds)


def new_metrics() -> Metrics:
    """The metrics of a new process."""
    registry = CollectorRegistry()
    operations = Counter("vlmkg_api_operations", "GraphQL operations by outcome.", ["kind", "code"], registry=registry)
    seconds = Histogram(
        "vlmkg_api_operation_seconds", "Seconds per operation.", ["kind"], buckets=_SECONDS, registry=registry
    )
    states = Gauge("vlmkg_events", "Events in each state.", ["state"], registry=registry)
    age = "Age in seconds of the oldest unsettled event; 0 if there is none."
    oldest = Gauge("vlmkg_oldest_unsettled_event_seconds", age, registry=registry)
    reports = Gauge(
        "vlmkg_reports",
        "Reports read: all, those with text set aside, those with a warning.",
        ["what"],
        registry=registry,
    )
    letters = Gauge(
        "vlmkg_report_characters", "Characters of report text: all, set aside.", ["what"], registry=registry
    )
    shares = Gauge(
        "vlmkg_set_aside_ratio",
        "Share of each report's text that was set aside, from 0 to 1.",
        ["of"],
        registry=registry,
    )
    return Metrics(registry, operations, seconds, states, oldest, reports, letters, shares)


async def answer_metrics(metrics: Metrics, ledger: Ledger) -> Response:
    """The page; 503 while the ledger does not respond."""
    try:
        states, oldest, texts = await metrics.ledger_facts.get(partial(asyncio.to_thread, _read, ledger))
    except OutageError:
        return Response("the ledger does not respond\n", status_code=503, media_type="text/plain")
    for state, number in states.items():
        metrics.events.labels(state.value).set(number)
    metrics.oldest.set(oldest.total_seconds())
    _show_texts(metrics, texts)
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _show_texts(metrics: Metrics, texts: UnreadTexts) -> None:
    """The amount of unread text, in numbers and as shares, over all readings in the ledger."""
    for what, number in (
        ("all", texts.reports),
        ("set_aside", texts.reports_set_aside),
        ("text_set_aside", texts.findings_set_aside),
        ("nothing_read", texts.nothing_read),
        ("language", texts.other_language),
    ):
        metrics.reports.labels(what).set(number)
    metrics.characters.labels("all").set(texts.characters)
    metrics.characters.labels("set_aside").set(texts.characters_set_aside)
    metrics.shares.labels("reports").set(texts.reports_set_aside / max(texts.reports, 1))
    metrics.shares.labels("characters").set(texts.characters_set_aside / max(texts.characters, 1))


def _read(ledger: Ledger) -> tuple[dict[State, int], timedelta, UnreadTexts]:
    with ledger.read() as connection:
        return events.summary(connection), events.oldest_unsettled(connection), unread_totals.total(connection)
