"""How long acknowledged messages took until they were in the graph, where GraphQL answers with them."""

import math
from collections.abc import Iterator, Sequence

from sqlalchemy import func, select

from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.storage.tables import events

SHARES = (50, 90, 99)
BOUNDS_S = (0.5, 1, 2, 5, 10, 30, 60, 300)
WIDTH = 40


def last_event(ledger: Ledger) -> int:
    """The id of the newest event; 0 if there is none."""
    with ledger.read() as connection:
        return int(connection.execute(select(func.max(events.c.id))).scalar_one() or 0)


def latencies(ledger: Ledger, after: int) -> list[float]:
    """Seconds from receipt to the merge of each merged event with a later id, in order of size."""
    found = select(events.c.received_at, events.c.updated_at).where(events.c.id > after, events.c.state == State.MERGED)
    with ledger.read() as connection:
        return sorted((merged - received).total_seconds() for received, merged in connection.execute(found))


def percentiles(ordered: Sequence[float]) -> dict[str, float]:
    """Seconds by percentile, by the nearest rank; nothing of nothing."""
    if not ordered:
        return {}
    ranks = {f"p{share}": math.ceil(share / 100 * len(ordered)) - 1 for share in SHARES}
    return {name: round(ordered[rank], 2) for name, rank in ranks.items()} | {"max": round(ordered[-1], 2)}


def figure(ordered: Sequence[float]) -> Iterator[str]:
    """A bar for each range of seconds, with its number of messages."""
    counts: list[tuple[str, int]] = []
    lower = 0.0
    for upper in (*BOUNDS_S, math.inf):
        name = f"{lower:g} to {upper:g} s" if upper < math.inf else f"over {lower:g} s"
        counts.append((name, sum(lower <= each < upper for each in ordered)))
        lower = upper
    most = max(count for _, count in counts)
    for name, count in counts:
        yield f"{name:>12} {'#' * math.ceil(WIDTH * count / most) if most else '':<{WIDTH}} {count:,}"
