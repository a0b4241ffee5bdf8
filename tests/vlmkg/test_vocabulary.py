"""The shipped vocabulary is whole: codes unique, edges between known concepts, no circles, small enough."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from vlmkg.normalization.tables import DATA as NORMALIZATION_DATA
from vlmkg.vocabulary import load_vocabulary
from vlmkg.vocabulary.closure import ancestors, regions
from vlmkg.vocabulary.loader import DATA, LOCAL, OWN, RADLEX

ROOT = Path(__file__).parents[2]


def test_codes_are_unique_and_systems_are_known():
    concepts = load_vocabulary().concepts
    assert len({concept.code for concept in concepts}) == len(concepts)
    assert {concept.system for concept in concepts} == {RADLEX, OWN}
    assert all(concept.code.startswith("RID" if concept.system == RADLEX else "CXR:") for concept in concepts)
    assert LOCAL not in {RADLEX, OWN}


def test_every_edge_joins_known_concepts():
    vocabulary = load_vocabulary()
    known = {concept.code for concept in vocabulary.concepts}
    for edges in (vocabulary.is_a, vocabulary.part_of):
        assert [edge for edge in edges if not set(edge) <= known] == []
        assert len(set(edges)) == len(edges)


def test_no_concept_lies_above_itself():
    codes = [concept.code for concept in load_vocabulary().concepts]
    assert [code for code in codes if code in ancestors(code) or code in regions(code)] == []


def test_every_synonym_names_a_known_concept():
    known = {concept.code for concept in load_vocabulary().concepts}
    with (DATA / "synonyms.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    assert [row["code"] for row in rows if row["code"] not in known] == []
    assert len({row["code"] for row in rows}) == len(rows)


def test_all_ancestors_of_a_radlex_concept_are_shipped():
    assert {"RID34696", "RID34694", "RID3"} <= ancestors("RID1338")
    assert "RID34785" in ancestors("RID34539")


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("RID1338", "RID1326"),  # left lower lobe, left lung
        ("RID1338", "RID1243"),  # ... thorax
        ("CXR:left-lung-base", "RID1326"),
        ("RID39204", "RID1326"),  # the left pleural sac is looked for at the left lung
        ("RID1535", "RID1326"),  # left costophrenic sulcus
        ("CXR:lingula", "RID1327"),
        ("RID1310", "RID1302"),  # the middle lobe is right
        ("RID1392", "RID1385"),  # left ventricle, heart
    ],
)
def test_part_of_climbs_to_where_a_radiologist_looks(part, whole):
    assert whole in regions(part)


@pytest.mark.parametrize(("part", "other"), [("RID1338", "RID1302"), ("RID1385", "RID1301"), ("RID39205", "RID1326")])
def test_part_of_does_not_cross(part, other):
    assert other not in regions(part)


def test_the_data_stays_small_and_carries_its_notice():
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 1_000_000
    assert "RadLex License Version 2.0" in (DATA / "NOTICE.radlex.txt").read_text()


def test_the_builder_gives_the_shipped_subset_again(shared_data, tmp_path):
    output = tmp_path / "radlex.csv"
    source = shared_data / "terms" / "radlex" / "Radlex.csv"
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "build_vocabulary.py", source, output], capture_output=True, check=True
    )
    assert b"concepts" in done.stdout
    assert output.read_bytes() == (DATA / "radlex.csv").read_bytes()


def test_tables_of_the_normaliser_name_known_concepts():
    known = {concept.code for concept in load_vocabulary().concepts}
    for table, columns in (("implied.csv", ("finding", "site", "becomes")), ("regions.csv", ("region", "members"))):
        with (NORMALIZATION_DATA / table).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(line for line in file if not line.startswith("#")):
                codes = {code for column in columns for code in row[column].split(";") if code}
                assert codes <= known, row
