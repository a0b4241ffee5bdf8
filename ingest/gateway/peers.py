"""Limits of connections per door and per address. If a limit is reached, an idle connection is closed for a new one."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

C = TypeVar("C", bound=Hashable)


class Room(NamedTuple, Generic[C]):
    """Whether one more may connect. `instead_of`: the idle connection to close for it."""

    is_there: bool
    instead_of: C | None = None


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
        """Whether there is room for one more connection of this address.

        If there is none, an idle one is chosen to be closed: one of the same address if it has reached its limit,
        otherwise one of the address with the most connections.
        """
        counts = Counter(self.addresses.values())
        if counts[address] >= self.most_of_peer:
            own = next((one for one in self.resting if self.addresses[one] == address), None)
            return Room(own is not None, own)
        if len(self.addresses) < self.most:
            return Room(True)
        longest = max(self.resting, key=lambda one: counts[self.addresses[one]], default=None)
        return Room(longest is not None, longest)

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
