"""Ports on loopback: the usual one where it is free, else any free one."""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Port:
    """A chosen port. `note` tells the reader of the table where it is not the usual one."""

    number: int
    note: str = ""


def choose(usual: Mapping[str, int]) -> dict[str, Port]:
    """A port for each name. All are held until the last is chosen, so that no two names get the same."""
    with ExitStack() as held:
        return {name: _choose(port, held) for name, port in usual.items()}


def _choose(usual: int, held: ExitStack) -> Port:
    if not _is_served(usual):
        probe = held.enter_context(socket.socket())
        # A port whose last connections are in TIME_WAIT is free for a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, usual))
            probe.listen()  # until then a second probe could bind it too
        except OSError:
            pass
        else:
            return Port(usual)
    probe = held.enter_context(socket.socket())
    probe.bind((HOST, 0))
    return Port(probe.getsockname()[1], f"port {usual} is taken")


def _is_served(port: int) -> bool:
    """Whether somebody answers there: some systems let a second server bind beside one on all addresses."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0
