"""Fixtures that every package's tests share: real servers on free ports, and the real data where it is present."""

from pathlib import Path

import pytest
from hypothesis import settings

# No test is timed: a busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = [
    "tests.fixtures.neo4j_server",
    "tests.fixtures.redis_server",
    "tests.fixtures.postgres_server",
    "tests.fixtures.ledger",
]

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout. Tests that use it skip, visibly, where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real data beside the checkout is absent")
    return SHARED
