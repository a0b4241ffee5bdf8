"""Silver labels: readings of the rules engine, with its digest, which identifies the rules."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from training.data.rows import Row
from vlmkg.engine_protocol import Engine, StudyInput

_TOGETHER = 256


def with_silver(rows: Iterable[Row], engine: Engine) -> Iterator[Row]:
    """The rows, with those without labels labelled by the engine; `labels` names engine and digest."""
    waiting: list[Row] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == _TOGETHER:
            yield from _labelled(waiting, engine)
            waiting = []
    yield from _labelled(waiting, engine)


def _labelled(rows: list[Row], engine: Engine) -> Iterator[Row]:
    bare = [row for row in rows if not row.labels]
    outputs = iter(engine.read([StudyInput((row.report,)) for row in bare]) if bare else [])
    for row in rows:
        if row.labels:
            yield row
        else:
            graph = next(outputs).reports[0].graph
            yield replace(row, graph=graph, labels=f"silver {engine.name} {engine.digest[:16]}")
