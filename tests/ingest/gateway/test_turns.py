"""Senders take turns: who sends much waits behind itself."""

import asyncio
import threading
import time
from collections import Counter

import pytest
from sqlalchemy import select

from benchmarks.abusive_messages import abusive
from ingest.formats.origin import Format
from ingest.gateway import micro_batching
from ingest.gateway.door import Reception, receive_soon
from ingest.gateway.micro_batching import Waiting, receive_next
from ingest.gateway.peers import Connections
from ingest.gateway.turns import LargeMessages, Turns
from ingest.ledger.storage.database import Ledger
from ingest.ledger.storage.tables import events
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


def test_a_sender_is_charged_for_what_its_items_cost() -> None:
    turns = Turns[int]()
    for number in range(3):
        turns.put("expensive", number)
    assert turns.take() == ("expensive", 0)
    turns.charge("expensive", 100)
    turns.put("cheap", 10)
    turns.put("cheap", 11)
    assert [turns.take(), turns.take()] == [("cheap", 10), ("cheap", 11)]
    assert turns.take(within=50) is None, "not beside cheap ones"
    assert turns.take() == ("expensive", 1), "but nobody else waits"
    turns.put("late", 20)
    turns.charge("expensive", 100)
    assert turns.take() == ("late", 20), "nobody waits for what another was charged before it came"


def test_one_that_is_put_back_is_not_charged() -> None:
    turns = Turns[int]()
    turns.put("a", 1)
    found = turns.take()
    assert found is not None
    turns.put("b", 2)
    turns.put_back(*found)
    assert {turns.take(within=0.5), turns.take(within=1.5)} == {("a", 1), ("b", 2)}


def test_charges_of_many_senders_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.gateway.turns.SENDERS", 10)
    turns = Turns[int]()
    for number in range(100):
        turns.put(str(number), number)
        assert turns.take() == (str(number), number)
    assert len(turns._charged) == 10


@pytest.mark.parametrize("kind", ["orders of many numbers", "bare orders", "patients", "patients of an ADT", "merges"])
async def test_messages_with_many_rows_go_alone(reception: Reception, ledger: Ledger, kind: str) -> None:
    """Sixteen expensive messages wait when a cheap one comes. At most the one in work is stored before it."""
    raw = abusive(Format.HL7, kind, LARGE - 300)
    loud = [
        asyncio.create_task(
            receive_soon(
                reception.of("loud"),
                ReceivedMessage(raw.replace(b"|M1|", b"|M%d|" % number, 1), Format.HL7),
            )
        )
        for number in range(16)
    ]
    while not reception.together.busy:
        await asyncio.sleep(0)
    before = sum(one.done() for one in loud)
    quiet = await receive_soon(reception.of("quiet"), ReceivedMessage(oru(5000), Format.HL7))
    assert sum(one.done() for one in loud) - before <= 1
    receipts = await asyncio.gather(*loud)
    with ledger.read() as connection:
        rows = dict(connection.execute(select(events.c.id, events.c.received_at)).all())
    together = Counter(rows[receipt.event_id] for receipt in (quiet, *receipts))
    assert set(together.values()) == {1}


async def test_cheap_messages_of_a_group_do_not_wait_for_an_expensive_one(reception: Reception, ledger: Ledger) -> None:
    """It was taken into their group, before anybody knew what it costs: they are stored first."""
    expensive = ReceivedMessage(abusive(Format.HL7, "orders of many numbers", LARGE - 300), Format.HL7)
    group = [Waiting(ReceivedMessage(oru(number), Format.HL7)) for number in range(3)] + [Waiting(expensive)]
    results = receive_next(reception.receiver, group)
    assert len(results) == 3
    read = group[3].event
    assert read is not None
    assert receive_next(reception.receiver, group[3:])
    assert group[3].event is read, "it is read once"
    assert group[3].cost > 4 * max(one.cost for one in group[:3])


async def test_a_group_has_so_many_bytes(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    receive_next = micro_batching.receive_next

    def noted(receiver, group):
        sizes.append(sum(len(one.message.raw) for one in group))
        return receive_next(receiver, group)

    monkeypatch.setattr(micro_batching, "receive_next", noted)
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
