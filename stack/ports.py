"""Ports on loopback: the usual one if it is free, else any free one.

A server binds its port seconds after it was chosen. Meanwhile a lock file keeps other stacks of the same user from
choosing it.
"""

import fcntl
import os
import socket
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Port:
    """A chosen port. `note` is for the table if it is not the usual port.

    `reservation` is the descriptor of the locked file: the port is this stack's while it is open (see `release`).
    """

    number: int
    note: str = ""
    reservation: int | None = field(default=None, compare=False, repr=False)


def choose(usual: Mapping[str, int]) -> dict[str, Port]:
    """Choose a port for each name. All are held until the last is chosen, so that no two names get the same."""
    with ExitStack() as held:
        return {name: _choose(port, held) for name, port in usual.items()}


def release(ports: Mapping[str, Port]) -> None:
    """Release the reservations of these ports."""
    for port in ports.values():
        if port.reservation is not None:
            os.close(port.reservation)


def _choose(usual: int, held: ExitStack) -> Port:
    reservation = None if _is_served(usual) else _reserve(usual)
    if reservation is not None:
        if _bind(usual, held):
            return Port(usual, reservation=reservation)
        os.close(reservation)
    while True:
        probe = held.enter_context(socket.socket())
        probe.bind((HOST, 0))
        number = probe.getsockname()[1]
        reservation = _reserve(number)
        if reservation is not None:
            return Port(number, f"port {usual} is in use", reservation)


def _bind(port: int, held: ExitStack) -> bool:
    probe = held.enter_context(socket.socket())
    # A port whose last connections are in TIME_WAIT is free for a server.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, port))
        probe.listen()  # before that a second probe could bind it, too
    except OSError:
        return False
    return True


def _reserve(port: int) -> int | None:
    """The descriptor of the port's lock file, locked; None if another stack has it."""
    folder = Path(tempfile.gettempdir()) / f"vlmkg-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _is_served(port: int) -> bool:
    """Whether a server responds there: some systems let a second one bind the port of a server on all addresses."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0
