"""Senders take turns: who sends much waits behind itself."""

import asyncio
import threading
import time
from collections import Counter

import pytest

from ingest.formats.origin import Format
from ingest.gateway import micro_batching
from ingest.gateway.door import Reception, receive_soon
from ingest.gateway.peers import Connections
from ingest.gateway.turns import LargeMessages, Turns
from ingest.receiving.submit import LARGE, ReceivedMessage
from tests.ingest.gateway.test_mllp import oru


def test_one_of_each_sender_in_turn() -> None:
    turns = Turns[int]()
    for number in range(5):
        turns.put("loud", number)
    turns.put("quiet", 10)
    turns.put("third", 20)
    taken = []
    while found := turns.take():
        taken.append(found)
    assert taken[:3] == [("loud", 0), ("quiet", 10), ("third", 20)]
    assert taken[3:] == [("loud", number) for number in range(1, 5)]
    assert len(turns) == 0


async def test_a_slow_message_delays_its_own_sender_alone() -> None:
    """Every message of the loud one takes until the quiet one was served five times."""
    large, release, running = LargeMessages(), threading.Event(), Counter[str]()

    def slow() -> None:
        running["now"] += 1
        running["most"] = max(running["most"], running["now"])
        release.wait(10)
        running["now"] -= 1

    loud = [asyncio.create_task(large.do("loud", slow)) for _ in range(30)]
    await asyncio.sleep(0.05)
    for number in range(5):
        async with asyncio.timeout(5):
            assert await large.do("quiet", lambda number=number: number) == number
    release.set()
    await asyncio.gather(*loud)
    assert running["most"] == 1


async def test_an_error_is_that_of_its_own_message() -> None:
    large = LargeMessages()

    def fail() -> None:
        raise ValueError("no")

    failing = large.do("a", fail)
    assert await large.do("b", lambda: 1) == 1
    with pytest.raises(ValueError, match="no"):
        await failing
    assert await large.do("a", lambda: 2) == 2


async def test_many_messages_of_one_do_not_hold_up_those_of_another(reception: Reception) -> None:
    loud = [
        asyncio.create_task(receive_soon(reception.of("loud"), ReceivedMessage(oru(number), Format.HL7)))
        for number in range(1000)
    ]
    await asyncio.sleep(0)
    started = time.perf_counter()
    await receive_soon(reception.of("quiet"), ReceivedMessage(oru(5000), Format.HL7))
    quiet = time.perf_counter() - started
    await asyncio.gather(*loud)
    assert quiet < (time.perf_counter() - started) / 2


async def test_a_group_has_so_many_bytes(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    receive_group = micro_batching.receive_group

    def noted(receiver, messages):
        sizes.append(sum(len(one.raw) for one in messages))
        return receive_group(receiver, messages)

    monkeypatch.setattr(micro_batching, "receive_group", noted)
    raw = [oru(number, "FINDINGS: " + "Clear. " * 1000) for number in range(30)]
    await asyncio.gather(*(receive_soon(reception, ReceivedMessage(one, Format.HL7)) for one in raw))
    assert max(sizes) < micro_batching.GROUP_BYTES + LARGE


def test_who_may_connect_and_who_gives_way() -> None:
    door = Connections[int](4, 2)
    for number, address in ((1, "a"), (2, "a"), (3, "b")):
        assert door.room(address) == (True, None)
        door.add(number, address)
    assert door.room("a") == (False, None)
    door.rest(2)
    assert door.room("a") == (True, 2)
    door.work(2)
    door.add(4, "c")
    assert door.room("d") == (False, None)
    door.rest(3)
    door.rest(1)
    assert door.room("d") == (True, 1)
    door.remove(1)
    assert door.room("d") == (True, None)
