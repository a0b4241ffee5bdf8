"""Who may connect where there is little room: an address has a share, and connections that rest give way."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

C = TypeVar("C", bound=Hashable)


class Room(NamedTuple, Generic[C]):
    """Whether one more may connect. `instead_of`: the connection that must be closed for it."""

    is_there: bool
    instead_of: C | None = None


@dataclass(slots=True)
class Connections(Generic[C]):
    """The open connections of a door. At most `most` of all addresses, `most_of_peer` of one."""

    most: int
    most_of_peer: int
    addresses: dict[C, str] = field(default_factory=dict)
    resting: dict[C, None] = field(default_factory=dict)
    """In the order in which they came to rest."""

    def __len__(self) -> int:
        return len(self.addresses)

    def room(self, address: str) -> Room[C]:
        """Whether there is room for one more of this address. Where there is none a connection at rest gives way: one
        of its own where its share is used up, else one of the address that has most."""
        counts = Counter(self.addresses.values())
        if counts[address] >= self.most_of_peer:
            own = next((one for one in self.resting if self.addresses[one] == address), None)
            return Room(own is not None, own)
        if len(self.addresses) < self.most:
            return Room(True)
        longest = max(self.resting, key=lambda one: counts[self.addresses[one]], default=None)
        return Room(longest is not None, longest)

    def add(self, connection: C, address: str) -> None:
        """Count a connection that was taken."""
        self.addresses[connection] = address

    def remove(self, connection: C) -> None:
        """Count it no more."""
        self.addresses.pop(connection, None)
        self.resting.pop(connection, None)

    def rest(self, connection: C) -> None:
        """Nothing is in hand on it."""
        if connection in self.addresses:
            self.resting.setdefault(connection)

    def work(self, connection: C) -> None:
        """Something is in hand on it."""
        self.resting.pop(connection, None)
