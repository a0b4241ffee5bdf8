"""The one lock under which the graph is written. See docs/decisions/0050-one-writer-at-a-time.md."""

from typing import LiteralString

from neo4j import ManagedTransaction

TAKE: LiteralString = "MERGE (l:Lock {name: 'projection'}) SET l.takenAt = datetime()"


def take_projection_lock(tx: ManagedTransaction) -> None:
    """Wait until no other transaction writes studies or concepts; held until this one ends, also by a crash."""
    tx.run(TAKE).consume()
