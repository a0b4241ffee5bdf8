"""Which idle connection is closed for a new one. All doors and the API choose it in the same way."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

C = TypeVar("C", bound=Hashable)


class Room(NamedTuple, Generic[C]):
    """Whether one more may connect. `instead_of`: the idle connection to close for it."""

    is_there: bool
    instead_of: C | None = None


def room(addresses: Mapping[C, str], idle: Iterable[C], address: str, *, most_of_peer: int, full: bool) -> Room[C]:
    """Whether there is room for one more connection of this address.

    `addresses` are the open connections without the new one, `idle` some of them, the longest idle first.
    `most_of_peer`: the limit of one address; 0: it has none. `full`: the limit of all is reached. If there is no room,
    an idle connection is chosen to be closed: one of the same address if that has reached its limit, otherwise one of
    the address with the most connections.
    """
    counts = Counter(addresses.values())
    used_up = 0 < most_of_peer <= counts[address]
    if not full and not used_up:
        return Room(True)
    among = [one for one in idle if not used_up or addresses[one] == address]
    gone = max(among, key=lambda one: counts[addresses[one]], default=None)
    return Room(gone is not None, gone)
