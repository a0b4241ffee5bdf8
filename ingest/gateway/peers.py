"""Limits of connections per door and per address. If a limit is reached, an idle connection is closed for a new one."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ingest.idle_connections import Room, room

C = TypeVar("C", bound=Hashable)


@dataclass(slots=True)
class Connections(Generic[C]):
    """The open connections of a door: at most `most` in total and `most_of_peer` per address."""

    most: int
    most_of_peer: int
    addresses: dict[C, str] = field(default_factory=dict)
    resting: dict[C, None] = field(default_factory=dict)
    """Idle connections, the longest idle first."""

    def __len__(self) -> int:
        return len(self.addresses)

    def room(self, address: str) -> Room[C]:
        """Whether there is room for one more connection of this address, and which idle one to close for it."""
        full = len(self.addresses) >= self.most
        return room(self.addresses, self.resting, address, most_of_peer=self.most_of_peer, full=full)

    def add(self, connection: C, address: str) -> None:
        """Add an accepted connection."""
        self.addresses[connection] = address

    def remove(self, connection: C) -> None:
        """Remove a closed connection."""
        self.addresses.pop(connection, None)
        self.resting.pop(connection, None)

    def rest(self, connection: C) -> None:
        """Mark a connection as idle."""
        if connection in self.addresses:
            self.resting.setdefault(connection)

    def work(self, connection: C) -> None:
        """Mark a connection as busy."""
        self.resting.pop(connection, None)
