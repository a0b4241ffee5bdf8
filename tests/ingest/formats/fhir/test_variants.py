"""A report written in all ways of FHIR is one report: what is read does not depend on the way."""

import pytest

from benchmarks.variants import fhir as written
from benchmarks.variants.model import essence, meant, reports
from ingest.formats.fhir import parser as fhir
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings

SEEDS = 40


@pytest.mark.parametrize("report", reports(20), ids=lambda report: report.number)
def test_each_way_of_writing_gives_the_same_study(report):
    for seed in range(SEEDS):
        raw = written.variants(report, seed)
        parsed = fhir.parse(raw, Origin(), FormatSettings())
        assert essence(parsed) == meant(report), (seed, raw)
        assert parsed.warnings == (), (seed, raw)


def test_ways_differ_and_a_seed_gives_one_of_them():
    (report,) = reports(1)
    ways = {written.variants(report, seed) for seed in range(SEEDS)}
    assert len(ways) > 0.9 * SEEDS
    assert written.variants(report, 3) == written.variants(report, 3)
