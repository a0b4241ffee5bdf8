"""Fixtures that every package's tests share: real servers on free ports, and the real data where it is present."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.fixtures.schedule import Shares, in_order, scheduler_of

# No test is timed: a busy machine is no failure.
settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")

# The rules read in every process that the tests start, since they load in no time. Tests of the model name it; tests of
# what is chosen where nothing is named unset this (tests/vlmkg/test_default_engine.py).
os.environ["VLMKG_ENGINE"] = "rules"

# As `make` has it: else each of the hundreds of processes that the tests start compiles every module anew, for 2 s.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Several tests run at once: torch's threads would only wait for each other, and waiting takes processor time.
os.environ["OMP_NUM_THREADS"] = "1"

# Measured: imports and collection take 7 s of processor time instead of 11 where the collector does not look through
# what stays anyhow. What the tests themselves leave is looked through as ever.
gc.disable()

pytest_plugins = [
    "tests.fixtures.neo4j_server",
    "tests.fixtures.redis_server",
    "tests.fixtures.postgres_server",
    "tests.fixtures.s3_server",
    "tests.fixtures.ledger",
    "tests.fixtures.faulty_system",
]

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout. Tests that use it skip, visibly, where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real data beside the checkout is absent")
    return SHARED


@pytest.fixture
def no_shipped_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As where none comes with the project. The folder that would hold it is absent, for the test to fill."""
    folder = tmp_path / "shipped" / "small"
    monkeypatch.setattr("vlmkg.default_engine.SHIPPED", folder)
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See tests/fixtures/schedule.py."""
    items[:] = in_order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shares | None:
    """See tests/fixtures/schedule.py."""
    return scheduler_of(config, log)


def pytest_collection_finish() -> None:
    """All is imported: the collector works from here on, on what comes now."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """At its end a library looks whether all that it made is gone."""
    gc.unfreeze()
