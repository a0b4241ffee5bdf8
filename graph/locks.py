"""The one lock under which the graph is written. See docs/decisions/0050-one-writer-at-a-time.md."""

from typing import LiteralString

from neo4j import ManagedTransaction

TAKE: LiteralString = "MERGE (l:Lock {name: 'projection'}) SET l.takenAt = datetime()"


def take_projection_lock(tx: ManagedTransaction) -> None:
    """Wait until no other transaction writes studies or concepts. The lock is held until this transaction ends."""
    tx.run(TAKE).consume()
