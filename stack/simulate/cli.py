"""`vlmkg simulate`."""

import asyncio
import json
import math
import statistics
import sys
import time
from collections.abc import Sequence
from random import Random

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ingest.settings import existing_ledger_of
from ingest.workers.waiting import when_it_answers
from stack.simulate.addresses import address_options, endpoints_with
from stack.simulate.checking import Findings, check, wait_until_settled
from stack.simulate.doors import require_doors, send_all
from stack.simulate.latency import figure, last_event, latencies, percentiles
from stack.simulate.sending import Account, Plan
from stack.simulate.traffic import Traffic, disordered, traffic
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.errors import UsageError
from vlmkg.options import data_option

MOST_DAYS = 500
DAY_MESSAGES = 200
"""At least so many messages has a day."""


@click.command()
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=1,
    show_default=True,
    help="Number of days; each has about 210 messages.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0.1),
    help="Send for at least so long at --rate, as many days as that takes (instead of --days).",
)
@click.option(
    "--rate", type=click.FloatRange(0), default=50.0, show_default=True, help="Messages per second; 0: no limit."
)
@click.option("--sockets", type=click.IntRange(1, 256), default=4, show_default=True, help="Concurrent connections.")
@click.option(
    "--faults",
    type=click.FloatRange(0, 1),
    default=0.15,
    show_default=True,
    help="Share of messages that are resent, truncated, badly framed or sent slowly.",
)
@click.option(
    "--disorder",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="How far a message may move from its order.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the random patients.")
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    default=300.0,
    show_default=True,
    help="Seconds for sending, and again for checking.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON at the end.")
@address_options
@data_option
def simulate(
    data: DataDir,
    days: int,
    minutes: float | None,
    rate: float,
    sockets: int,
    faults: float,
    disorder: int,
    seed: int,
    timeout: float,
    as_json: bool,
    **addresses: str | None,
) -> None:
    """Send synthetic hospital days to the gateway, then check the graph against the acknowledged messages.

    Needs a running stack, or its addresses as options; then the ledger and the graph are those of VLMKG_LEDGER_URL and
    NEO4J_URI. Exit code 1: the graph differs from the acknowledged messages.
    """
    endpoints = endpoints_with(data, addresses)
    require_doors(endpoints)
    sent = traffic(days if minutes is None else _days_for(minutes, rate), seed)
    plan = Plan(rate, sockets, faults, seed, timeout if minutes is None else timeout + 60 * minutes)
    ledger = when_it_answers(lambda: existing_ledger_of(data))
    try:
        before = last_event(ledger)
        started = time.monotonic()
        account = _send(endpoints, sent, plan, disorder)
        seconds = time.monotonic() - started
        settled = wait_until_settled(ledger, timeout, lambda _waiting: None)
        found = check(data, endpoints, ledger, sent, account)
        to_graph = latencies(ledger, before)
    finally:
        ledger.close()
    if not settled:
        found.wrong["not settled before the timeout"] = 1
    summary = summary_of(sent, account, found, seconds) | {"to_graph_s": percentiles(to_graph)}
    if as_json:
        click.echo(json.dumps(summary))
    else:
        _show(summary, to_graph)
    sys.exit(1 if found.wrong else 0)


def _days_for(minutes: float, rate: float) -> int:
    """Raises UsageError without a rate, or if it takes more days than there are."""
    if not rate:
        raise UsageError("--minutes needs a rate", "name one with --rate")
    days = math.ceil(60 * minutes * rate / DAY_MESSAGES)
    if days > MOST_DAYS:
        most = MOST_DAYS * DAY_MESSAGES / rate / 60
        raise UsageError(f"{minutes:g} minutes at {rate:g}/s are {days} days", f"send for at most {most:.0f} minutes")
    return days


def _send(endpoints: Endpoints, sent: Traffic, plan: Plan, disorder: int) -> Account:
    account = Account()
    messages = disordered(sent.messages, Random(plan.seed), disorder)  # noqa: S311 - not for secrets
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("sending", total=len(messages))
        asyncio.run(send_all(endpoints, messages, plan, account, lambda: progress.advance(bar)))
    return account


def summary_of(sent: Traffic, account: Account, found: Findings, seconds: float) -> dict[str, object]:
    """The result as `--json` prints it."""
    delays = sorted(account.delays)
    return {
        "messages": len(sent.messages),
        "acknowledged": len(account.accepted),
        "deliveries": account.deliveries,
        "reconnects": account.reconnects,
        "faults": {fault.value: number for fault, number in account.faults.items()},
        "seconds": round(seconds, 2),
        "ack_ms_median": round(1000 * statistics.median(delays), 2) if delays else None,
        "ack_ms_p99": round(1000 * delays[int(0.99 * (len(delays) - 1))], 2) if delays else None,
        "events": {state.value: number for state, number in found.events.items()},
        "studies_checked": found.studies,
        "patients_checked": found.patients,
        "wrong": dict(found.wrong),
    }


def _show(summary: dict[str, object], to_graph: Sequence[float]) -> None:
    console = Console(highlight=False)
    for name, value in summary.items():
        console.print(f"{name.replace('_', ' '):<18} {value}", soft_wrap=True, markup=False)
    verdict = (
        "some acknowledged messages are not in the graph as expected: see the counts above"
        if summary["wrong"]
        else "every acknowledged message is in the graph exactly once"
    )
    console.print("seconds from receipt until GraphQL answers with the message:")
    for line in figure(to_graph):
        console.print(line, markup=False)
    console.print(verdict)
