"""Wait until the events of an import are merged, refused or dead."""

import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from ingest.errors import OutageError
from ingest.importing.tally import Tally
from ingest.ledger.events import events
from ingest.ledger.storage.database import Ledger

POLL_S = 0.25
NOTICE_S = 30.0
"""Seconds without progress after which the caller is told once: most likely no worker is running."""


class Ending(StrEnum):
    """Why waiting ended."""

    SETTLED = "settled"
    STALLED = "stalled"
    STOPPED = "stopped"


def wait(
    ledger: Ledger,
    tally: Tally,
    *,
    patience_s: float,
    stopped: Callable[[], bool],
    moved: Callable[[], None],
    still: Callable[[], None],
) -> Ending:
    """Wait until nothing of `tally` is pending, there was no progress for `patience_s`, or `stopped` returns true.

    `moved` is called when events have changed their state, `still` once, after NOTICE_S without progress. An outage of
    the ledger counts as no progress.
    """
    states, since, told = None, time.monotonic(), False
    while tally.pending:
        if stopped():
            return Ending.STOPPED
        found = states
        with suppress(OutageError), ledger.read() as connection:
            found = events.outcomes(connection, sorted(tally.pending))
        if found != states:
            tally.settle(found or {})
            found = {event_id: state for event_id, state in (found or {}).items() if event_id in tally.pending}
            states, since = found, time.monotonic()
            moved()
        quiet = time.monotonic() - since
        if quiet >= patience_s:
            return Ending.STALLED
        if quiet >= NOTICE_S and not told:
            told = True
            still()
        time.sleep(POLL_S)
    return Ending.SETTLED
