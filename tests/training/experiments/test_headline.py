"""The paper's table on made-up rows: its arms, its pairing of films, and its figures."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from training.data.jsonl import write_file
from training.experiments.checkpoint_reader import Arm
from training.experiments.headline import Said, figures, held_out, named, others, read_all, run
from training.experiments.statistics import wilson
from training.stages.loading import synthetic
from training.synthetic.dicom import FilmFormat, film_file
from training.synthetic.studies import studies
from vlmkg.checkpoint import tiny
from vlmkg.engine_protocol import ImageEntity
from vlmkg.errors import UsageError
from vlmkg.schema import Kind, Presence

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> Path:
    """Eight synthetic studies with films, six of them of the test split."""
    folder = tmp_path_factory.mktemp("rows")
    made = []
    for at, study in enumerate(studies(5, 8, films=1.0)):
        row = synthetic(study).row
        (folder / f"{at}.png").write_bytes(film_file(study.film(64), FilmFormat.PNG8, study.study_id, "x"))
        made.append(replace(row, images=(f"{at}.png",), split="test" if at < 6 else "train"))
    made[1] = replace(made[1], images=("1.png", "missing.png"))
    write_file(folder / "studies.jsonl", made)
    return folder / "studies.jsonl"


def test_the_gold_itself_reaches_the_top(rows):
    held = held_out([rows], "test")
    assert (len(held.rows), held.lost) == (6, 1)
    found = figures(held, [Said(row.graph, None) for row in held.rows])
    assert found[:5] == ["100.00"] * 5
    assert [one.mean for one in found[5:9]] == [1.0] * 4
    assert found[9].mean == 0.0
    assert found[10] is None, "no film was read"


def test_nothing_read_is_no_share_of_wrong_triplets(rows):
    held = held_out([rows], "test")
    found = figures(held, [Said(replace(row.graph, mentions=(), relations=()), ()) for row in held.rows])
    assert found[9] is None


def test_a_checkpoint_with_an_encoder_is_read_in_four_ways_and_the_rest_in_one(rows, tmp_path):
    tiny.make(tmp_path / "visual")
    tiny.make(tmp_path / "text", image_domain=None)
    held = held_out([rows], "test")
    assert list(read_all(str(tmp_path / "visual"), held, "cpu")) == [Arm.BOTH, Arm.REPORT, Arm.IMAGE, Arm.OTHER]
    assert list(read_all(str(tmp_path / "text"), held, "cpu")) == [Arm.REPORT]
    assert list(read_all("rules", held, "cpu")) == [Arm.REPORT]


def test_another_patients_film_is_never_the_own(rows):
    held = held_out([rows], "test")
    other = others(held)
    assert all(held.rows[at].patient_id != held.rows[to].patient_id for at, to in enumerate(other))


def test_the_command_writes_the_table(rows, tmp_path):
    tiny.make(tmp_path / "visual")
    run({"rules": "rules", "VLM-KG": str(tmp_path / "visual")}, [rows], "test", tmp_path / "out", "cpu")
    page = (tmp_path / "out" / "headline.md").read_text()
    for said in ("| rules | report only |", "| VLM-KG | image only |", "another patient's film", "shuffled gold"):
        assert said in page
    assert "6 reports of 2 patients" in page
    assert "1 films are missing" in page
    with pytest.raises(UsageError, match="no rows of the split 'dev'"):
        held_out([rows], "dev")


def test_film_names_become_triplets_of_their_words():
    names = [
        ImageEntity("1", "left pleural effusion", Kind.OBSERVATION, Presence.ABSENT),
        ImageEntity("2", "left pleural effusion", Kind.OBSERVATION, Presence.ABSENT),
        ImageEntity("1", "cardiomegaly", Kind.OBSERVATION, Presence.PRESENT),
    ]
    found = named(names)
    assert found.tokens.count("effusion") == 1
    assert {(found.words(span), label) for span, label in found.spans.items()} >= {
        ("effusion", "OBS-DA"),
        ("cardiomegaly", "OBS-DP"),
    }
    assert any(found.words(head) == "effusion" and kind == "located_at" for head, kind, _ in found.relations)


@pytest.mark.parametrize(("hits", "number"), [(0, 10), (10, 10), (3, 17), (50, 1000)])
def test_wilsons_bounds_solve_its_own_equation(hits, number):
    """The bounds p are those where |share - p| = z sqrt(p (1 - p) / n) (Wilson, 1927)."""
    found = wilson(hits, number)
    for bound in (found.low, found.high):
        if 0 < bound < 1:
            assert abs(found.mean - bound) == pytest.approx(1.959964 * math.sqrt(bound * (1 - bound) / number))
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert wilson(0, 0) is None
