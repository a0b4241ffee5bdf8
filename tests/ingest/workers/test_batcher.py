"""Real threads feed one engine: nobody gets another's reading, one bad study fails alone, memory is asked for less."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ingest.workers.batcher import BROKEN_AFTER, GROW_AFTER, Batcher, BatchLimits
from vlmkg.engine_protocol import Engine, Lead, ReportOutput, StudyInput, StudyOutput
from vlmkg.errors import DeviceMemoryError
from vlmkg.schema import Kind, Mention, Presence, ReportGraph

QUICK = BatchLimits(most=8, wait=timedelta(milliseconds=5))


class Counting:
    """Reads a text as one mention of all its words. `before` sees each batch, and may sleep or raise."""

    name, checkpoint, checkpoint_digest, digest, film_domain = "model", "c", "c", "d", None
    lead = Lead.ALWAYS

    def __init__(self, before: Callable[[list[str]], object] = len) -> None:
        self.batches: list[list[str]] = []
        self.busy = threading.Lock()
        self._before = before

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        assert self.busy.acquire(blocking=False), "two threads in the engine"
        try:
            texts = [study.texts[0] for study in studies]
            self.batches.append(texts)
            self._before(texts)
            return [StudyOutput((ReportOutput(whole(text)),)) for text in texts]
        finally:
            self.busy.release()


def whole(text: str) -> ReportGraph:
    return ReportGraph((Mention(0, len(text), text, Kind.OBSERVATION, Presence.ABSENT, "findings"),))


def read(batcher: Engine, texts: Sequence[str]) -> list[str]:
    return [output.reports[0].graph.mentions[0].text for output in batcher.read([StudyInput((t,)) for t in texts])]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def test_each_caller_gets_its_own_readings_and_batches_are_shared(threads: ThreadPoolExecutor) -> None:
    engine = Counting(lambda _texts: time.sleep(0.01))
    batcher = Batcher(engine, QUICK)
    asked = [[f"{caller} {number}" for number in range(caller % 3 + 1)] for caller in range(40)]

    assert list(threads.map(lambda texts: read(batcher, texts), asked)) == asked
    sizes = [len(batch) for batch in engine.batches]
    assert sum(sizes) == sum(map(len, asked))
    assert max(sizes) == QUICK.most
    assert any(len({text.split()[0] for text in batch}) > 1 for batch in engine.batches)


def test_a_lone_study_waits_no_longer_than_it_must() -> None:
    batcher = Batcher(Counting(), BatchLimits(most=8, wait=timedelta(milliseconds=200)))
    began = time.monotonic()
    assert read(batcher, ["a"]) == ["a"]
    assert 0.15 < time.monotonic() - began < 2


def test_a_full_batch_does_not_wait() -> None:
    batcher = Batcher(Counting(), BatchLimits(most=2, wait=timedelta(minutes=5)))
    assert read(batcher, ["a", "b"]) == ["a", "b"]


def test_out_of_memory_halves_the_batch_and_goes_on_with_smaller_ones() -> None:
    def three_fit(texts: list[str]) -> None:
        if len(texts) > 3:
            raise DeviceMemoryError("too little memory")

    engine = Counting(three_fit)
    batcher = Batcher(engine, BatchLimits(most=16, wait=timedelta(milliseconds=50)))
    texts = [str(number) for number in range(16)]

    assert read(batcher, texts) == texts
    assert [len(batch) for batch in engine.batches] == [16, 8, 4, 2, 2, 4, 2, 2, 8, 4, 2, 2, 4, 2, 2]
    assert batcher.most == 2
    engine.batches.clear()
    assert read(batcher, texts[:4]) == texts[:4]
    assert [len(batch) for batch in engine.batches] == [2, 2]


def test_after_many_batches_that_fit_larger_ones_are_tried_again() -> None:
    full = [True]

    def sometimes(texts: list[str]) -> None:
        if full[0] and len(texts) > 1:
            raise DeviceMemoryError("another process has it")

    batcher = Batcher(Counting(sometimes), BatchLimits(most=2, wait=timedelta(milliseconds=5)))
    read(batcher, ["a", "b"])
    assert batcher.most == 1
    full[0] = False
    read(batcher, ["a"] * GROW_AFTER)
    assert batcher.most == 2


def test_a_study_that_fails_alone_fails_its_caller_only(threads: ThreadPoolExecutor) -> None:
    def poisoned(texts: list[str]) -> None:
        if "poison" in texts:
            raise ValueError("poison")

    batcher = Batcher(Counting(poisoned), BatchLimits(most=16, wait=timedelta(milliseconds=100)))
    asked = ["a", "b", "poison", "c", "d", "e", "f"]
    found = [threads.submit(read, batcher, [text]) for text in asked]

    for text, one in zip(asked, found, strict=True):
        if text == "poison":
            with pytest.raises(ValueError, match="poison"):
                one.result()
        else:
            assert one.result() == [text]
    assert read(batcher, ["after"]) == ["after"]


def test_one_study_that_does_not_fit_is_refused_alone() -> None:
    def never(texts: list[str]) -> None:
        if "long" in texts:
            raise DeviceMemoryError("too little memory")

    batcher = Batcher(Counting(never), QUICK)
    with pytest.raises(DeviceMemoryError):
        read(batcher, ["long"])
    assert read(batcher, ["a"]) == ["a"]
    assert batcher.most == QUICK.most


def test_too_few_outputs_are_an_error_not_a_mix_up() -> None:
    class Short(Counting):
        def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
            return super().read(studies)[:-1]

    with pytest.raises(ValueError, match="0 outputs for 1"):
        read(Batcher(Short(), QUICK), ["a"])


def test_an_engine_that_hangs_is_noticed_and_one_that_is_slow_at_times_is_not() -> None:
    released, noticed = threading.Event(), threading.Event()

    def hang(texts: list[str]) -> None:
        if "hang" in texts:
            released.wait(10)

    batcher = Batcher(Counting(hang), BatchLimits(2, timedelta(0), timedelta(seconds=0.4)), ended=noticed.set)
    for _ in range(5):
        read(batcher, ["a"])
    assert not noticed.wait(0.5)
    waiting = threading.Thread(target=read, args=(batcher, ["hang"]))
    waiting.start()
    assert noticed.wait(5)
    released.set()
    waiting.join()


def test_an_engine_that_fails_whatever_it_is_given_is_ended_before_anybody_is_blamed() -> None:
    """As after a fault of a GPU: every call of the process fails until it has ended."""
    broken: list[str] = []

    def break_on_poison(texts: list[str]) -> None:
        broken.extend(text for text in texts if text == "poison")
        if broken:
            raise RuntimeError("device-side assert")

    ended, blamed = threading.Event(), threading.Event()
    batcher = Batcher(Counting(break_on_poison), BatchLimits(8, timedelta(milliseconds=200)), ended=ended.set)

    def ask(text: str) -> None:
        with contextlib.suppress(RuntimeError):
            read(batcher, [text])
        blamed.set()

    for text in ("poison", *"abcdefg"):
        threading.Thread(target=ask, args=(text,), daemon=True).start()
    assert ended.wait(5)
    assert not blamed.wait(0.1)


def test_bad_studies_that_come_alone_do_not_end_an_engine_that_reads_others() -> None:
    ended = threading.Event()

    def poisoned(texts: list[str]) -> None:
        if "poison" in texts:
            raise ValueError("poison")

    batcher = Batcher(Counting(poisoned), BatchLimits(8, timedelta(0)), ended=ended.set)
    for _ in range(BROKEN_AFTER + 2):
        with pytest.raises(ValueError, match="poison"):
            read(batcher, ["poison"])
        read(batcher, ["good"])
    assert not ended.is_set()
