"""Questions that need no key cost the same whether one asks or a thousand."""

import asyncio

import pytest

from ingest.errors import OutageError
from ingest.remembered import Remembered


async def test_those_who_ask_together_get_one_answer() -> None:
    asked = 0

    async def work() -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.05)
        return asked

    remembered = Remembered[int]()
    assert await asyncio.gather(*(remembered.get(work) for _ in range(1000))) == [1] * 1000
    assert await remembered.get(work) == 1, "an answer that took long counts for a while"
    async with asyncio.timeout(60):
        while await remembered.get(work) == 1:
            await asyncio.sleep(0.05)
    assert await remembered.get(work) == 2


async def test_an_error_is_everybody_s_and_is_not_kept_for_ever() -> None:
    async def fail() -> int:
        raise OutageError("the ledger does not respond", "wait")

    async def work() -> int:
        return 1

    remembered = Remembered[int]()
    found = await asyncio.gather(*(remembered.get(fail) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in found] == [OutageError] * 3
    await asyncio.sleep(0.05)
    assert await remembered.get(work) == 1


async def test_one_that_goes_away_does_not_take_the_answer_from_others() -> None:
    async def work() -> int:
        await asyncio.sleep(0.1)
        return 1

    remembered = Remembered[int]()
    first = asyncio.create_task(remembered.get(work))
    second = asyncio.create_task(remembered.get(work))
    await asyncio.sleep(0.02)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == 1
