"""One report, written down in many ways, is one study with the same findings (benchmarks.message_variants has more)."""

import pytest

from benchmarks.message_variants import WRITINGS, Writing, difference
from benchmarks.variants.reports import reports
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import load_engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine("rules")


@pytest.mark.parametrize("writing", WRITINGS.values(), ids=WRITINGS)
def test_variants_come_to_the_same_study(writing: Writing, engine: Engine) -> None:
    models = reports(20)
    told = [difference(models[seed % 20], seed, writing, engine) for seed in range(400)]
    assert [each for each in told if each] == []


@pytest.mark.parametrize("writing", WRITINGS.values(), ids=WRITINGS)
def test_variants_are_many_and_repeatable(writing: Writing) -> None:
    first = reports(1)[0]
    written = [writing.variant(first, seed) for seed in range(100)]
    assert len(set(written)) > 90
    assert written == [writing.variant(first, seed) for seed in range(100)]


def test_a_difference_is_told(engine: Engine) -> None:
    one, other = reports(2)
    hl7 = WRITINGS["hl7"]
    mistaken = Writing(hl7.format, lambda report, seed: hl7.variant(other, seed))
    assert "patient" in difference(one, 0, mistaken, engine)
