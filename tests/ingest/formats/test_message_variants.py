"""One report, written down in many ways, is one study with the same findings (benchmarks.message_variants has more)."""

import pytest

from benchmarks.message_variants import VARIANTS, difference
from benchmarks.variants.reports import reports
from ingest.formats.origin import Format
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import load_engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine("rules")


@pytest.mark.parametrize("kind", list(VARIANTS))
def test_variants_come_to_the_same_study(kind: Format, engine: Engine) -> None:
    models = reports(20)
    told = [difference(models[seed % 20], seed, kind, engine) for seed in range(400)]
    assert [each for each in told if each] == []


@pytest.mark.parametrize("kind", list(VARIANTS))
def test_variants_are_many_and_repeatable(kind: Format) -> None:
    first = reports(1)[0]
    written = [VARIANTS[kind](first, seed) for seed in range(100)]
    assert len(set(written)) > 90
    assert written == [VARIANTS[kind](first, seed) for seed in range(100)]


def test_a_difference_is_told(engine: Engine) -> None:
    one, other = reports(2)
    raw = VARIANTS[Format.HL7]
    VARIANTS[Format.HL7] = lambda report, seed: raw(other, seed)
    try:
        assert "patient" in difference(one, 0, Format.HL7, engine)
    finally:
        VARIANTS[Format.HL7] = raw
