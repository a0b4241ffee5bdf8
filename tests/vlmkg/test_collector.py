"""The collector of reference cycles is paused while reports are read, because reading makes none."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from vlmkg.collector import paused_collector
from vlmkg.pipeline import load_engine, read_reports

STYLES = (Path(__file__).parent / "styles.txt").read_text(encoding="utf-8")
FOREIGN = "BEFUND: Kein Erguss, keine Stauung. Das Herz ist nicht vergrößert. BEURTEILUNG: Unauffälliger Befund."


@pytest.fixture
def texts() -> list[str]:
    return [line.split("||")[0].replace(" / ", "\n") for line in STYLES.splitlines()] + [FOREIGN]


@pytest.fixture
def own_collector() -> Iterator[None]:
    """Collections at this test's orders only."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_reading_leaves_no_reference_cycles(texts, own_collector):
    engine = load_engine("rules")
    read_reports(engine, [*texts[:5], FOREIGN])
    gc.collect()
    read_reports(engine, texts)
    assert gc.collect() == 0


def test_the_collector_is_paused_and_runs_again():
    with paused_collector():
        assert not gc.isenabled()
        with paused_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_runs_again_behind_an_error():
    with pytest.raises(ValueError, match="unreadable"), paused_collector():
        raise ValueError("unreadable")
    assert gc.isenabled()


def test_a_collector_that_somebody_stopped_stays_stopped(own_collector):
    with paused_collector():
        pass
    assert not gc.isenabled()
