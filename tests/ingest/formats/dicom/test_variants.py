"""A report written in all ways of a DICOM structured report is one report: what is read does not depend on the way."""

from dataclasses import replace

import pytest

from benchmarks.variants import dicom as written
from benchmarks.variants.model import essence, meant, reports
from ingest.formats.dicom import parser as dicom
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings

SEEDS = 20


@pytest.mark.parametrize("report", reports(20), ids=lambda report: report.number)
def test_each_way_of_writing_gives_the_same_study(report):
    expected = meant(replace(report, number=written.instance_of(report)))
    for seed in range(SEEDS):
        parsed = dicom.parse(written.variants(report, seed), Origin(source=report.system), FormatSettings())
        assert essence(parsed) == expected, seed
        assert parsed.warnings == (), seed


def test_ways_differ_and_a_seed_gives_one_of_them():
    (report,) = reports(1)
    ways = {written.variants(report, seed) for seed in range(SEEDS)}
    assert len(ways) > 0.9 * SEEDS
    assert written.variants(report, 3) == written.variants(report, 3)
