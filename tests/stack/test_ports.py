"""Ports: the usual one where it is free, another where it is taken, never one for two parts."""

import socket

from stack.ports import HOST, Port, choose, release
from tests.fixtures.ports import free_port


def test_a_free_port_is_taken_as_it_is() -> None:
    usual = free_port()
    assert choose({"api": usual}) == {"api": Port(usual)}


def test_a_taken_port_is_replaced_and_the_table_can_say_so() -> None:
    with socket.create_server((HOST, 0)) as server:
        taken = server.getsockname()[1]
        chosen = choose({"api": taken})["api"]
    assert chosen.number != taken
    assert chosen.note == f"port {taken} is in use"


def test_a_server_on_all_addresses_takes_the_port_too() -> None:
    with socket.create_server(("", 0)) as server:
        taken = server.getsockname()[1]
        assert choose({"api": taken})["api"].number != taken


def test_no_two_parts_get_one_port() -> None:
    usual = free_port()
    chosen = choose({"one": usual, "two": usual, "three": usual})
    assert len({port.number for port in chosen.values()}) == 3


def test_a_chosen_port_is_kept_from_the_next_stack_until_it_is_released() -> None:
    usual = free_port()
    first = choose({"api": usual})
    second = choose({"api": usual})
    assert second["api"].number != usual
    release(first)
    release(second)
    third = choose({"api": usual})
    assert third == {"api": Port(usual)}
    release(third)
