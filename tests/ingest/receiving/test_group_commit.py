"""Threads that come together, go together, and don't fall together."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.errors import OutageError
from ingest.ledger.events import events
from ingest.ledger.storage.database import Ledger
from ingest.receiving.group_commit import GroupCommit
from ingest.receiving.submit import receive
from tests.ingest.receivers import plain, receiver_in


class Doubling:
    """Work that is held up until told, so that a group can gather behind the first item."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.go = threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        self.go.wait(5)
        if 13 in items:
            raise ValueError("thirteen")
        if 14 in items:
            raise OutageError("no")
        return [item * 2 for item in items]


def together(group: GroupCommit[int, int], work: Doubling, items: list[int]) -> list[object]:
    """Do the first item, and behind it the others, which gather while it is at work."""

    def do(item: int) -> object:
        try:
            return group.do(item, work)
        except (ValueError, OutageError) as error:
            return str(error)

    with ThreadPoolExecutor(len(items)) as pool:
        done = [pool.submit(do, items[0])]
        while not work.groups:
            pass
        done += [pool.submit(do, item) for item in items[1:]]
        while len(group._waiting) < len(items) - 1:
            pass
        work.go.set()
        return [future.result() for future in done]


def test_one_alone_goes_at_once() -> None:
    work = Doubling()
    work.go.set()
    assert GroupCommit[int, int](8).do(3, work) == 6


def test_those_who_come_meanwhile_go_together() -> None:
    work = Doubling()
    assert together(GroupCommit(8), work, [1, 2, 3, 4]) == [2, 4, 6, 8]
    assert [sorted(group) for group in work.groups] == [[1], [2, 3, 4]]


def test_a_group_has_a_largest_size() -> None:
    work = Doubling()
    assert together(GroupCommit(2), work, [1, 2, 3, 4]) == [2, 4, 6, 8]
    assert [len(group) for group in work.groups] == [1, 2, 1]


def test_the_fault_of_one_is_not_the_others() -> None:
    assert together(GroupCommit(8), Doubling(), [1, 13, 3]) == [2, "thirteen", 6]


def test_an_outage_is_everybodys_and_is_not_tried_for_each() -> None:
    work = Doubling()
    assert together(GroupCommit(8), work, [1, 14, 3]) == [2, "no", "no"]
    assert len(work.groups) == 2


def test_after_a_failure_it_goes_on() -> None:
    group, work = GroupCommit[int, int](8), Doubling()
    work.go.set()
    with pytest.raises(ValueError, match="thirteen"):
        group.do(13, work)
    assert group.do(1, work) == 2


def test_threads_that_receive_at_once(ledger: Ledger, tmp_path: Path) -> None:
    """Each gets the receipt of its own message; the same message from several threads is one event."""
    receiver = receiver_in(tmp_path, ledger)
    messages = [plain(f"text {number % 20}", f"r{number % 20}") for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda message: receive(receiver, message), messages))
    with ledger.read() as connection:
        for message, receipt in zip(messages, receipts, strict=True):
            found = events.get(connection, receipt.event_id)
            assert found
            assert found.origin_name == message.origin.name
            assert found.deliveries == 3
    assert sum(not receipt.duplicate for receipt in receipts) == 20
