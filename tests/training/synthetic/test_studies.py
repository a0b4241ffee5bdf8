"""Whole studies: deterministic, valid, readable, their films showing what they say."""

import io
import json
from dataclasses import replace
from random import Random

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner

from training.synthetic import seeds
from training.synthetic.agreement import agreement
from training.synthetic.dataset import MANIFEST_FILE, STUDIES_FILE
from training.synthetic.dicom import FilmFormat, film_file
from training.synthetic.expand import Draft, Piece
from training.synthetic.facts import SHARES, Fact, Kind, Told, drawn_facts, film_facts
from training.synthetic.film import draw_film
from training.synthetic.report import draw_style, run_on
from training.synthetic.studies import make_study, studies
from training.synthetic.surface import full_stop
from training.train_cli import train
from vlmkg.errors import UsageError
from vlmkg.image.load import read_film
from vlmkg.linearization import film_names, linearize_film
from vlmkg.numbered_tokens import Label, number, readable_part
from vlmkg.reading.rules.engine import RulesEngine
from vlmkg.validation import validate


def fact(kind=Kind.EFFUSION, told=Told.BOTH, *, true=True, drawn=True, side="left"):
    return Fact(kind, told, true, drawn, 2, side, "lower")


def test_the_same_seed_and_number_give_the_same_study():
    first, again, other = make_study(3, 5), make_study(3, 5), make_study(4, 5)

    assert first == again
    assert (first.text, first.graph) != (other.text, other.graph)


def test_every_report_has_a_valid_graph_that_can_be_pointed_at():
    lost = mentions = 0
    for study in studies(1, 300):
        _, rejections = validate(study.text, study.graph)
        assert not rejections, study.text
        lost += readable_part(number(study.text), study.graph)[1]
        mentions += len(study.graph.mentions)
    # A decimal that opens a sentence looks like a list number: "1.2 cm nodule".
    assert lost < mentions / 200


def test_the_rules_engine_agrees_in_the_most():
    figures = agreement(list(studies(2, 150, films=1.0)), RulesEngine())

    assert figures["entity"] > 0.95
    assert figures["relation"] > 0.88


@pytest.mark.parametrize(
    ("told", "drawn", "from_film"),
    [
        (Told.BOTH, True, ()),
        (Told.REPORT_ONLY, False, ()),
        (Told.FILM_ONLY, True, (("left pleural effusion", Label.PRESENT),)),
        (Told.HEDGED, False, (("left pleural effusion", Label.ABSENT),)),
        (Told.HOLE, True, (("left pleural effusion", Label.PRESENT),)),
        (Told.STALE, True, ()),
    ],
)
def test_what_is_left_to_the_film(told, drawn, from_film):
    facts = (fact(told=told, drawn=drawn),)

    assert film_facts(facts) == from_film
    assert drawn_facts(facts) == ((("left pleural effusion", Label.PRESENT),) if drawn else ())


def test_every_kind_of_fact_has_a_name_of_the_film_list():
    for kind in Kind:
        name = fact(kind, told=Told.FILM_ONLY).film_name
        assert name in film_names()
        linearize_film(((name, Label.PRESENT),))


def test_facts_told_by_the_film_alone_are_not_in_the_report():
    silent = [study for study in studies(9, 400, films=1.0) if study.facts]
    only = [study for study in silent if {one.told for one in study.facts} == {Told.FILM_ONLY}]
    for study in only:
        kinds = {one.kind for one in study.facts}
        if Kind.PNEUMOTHORAX in kinds:
            assert "pneumothora" not in study.text.lower()
        if Kind.EFFUSION in kinds:
            assert "effusion" not in study.text.lower()


@pytest.mark.parametrize("kind", Kind)
def test_a_fact_changes_the_film_at_its_place_alone(kind):
    bare = draw_film((), 7, 96)
    change = np.abs(draw_film((fact(kind),), 7, 96) - bare)
    hidden = draw_film((fact(kind, drawn=False),), 7, 96)

    assert np.array_equal(bare, hidden)
    assert change.max() > 0.1
    assert np.median(change) < 0.001


def test_the_patients_left_is_at_the_films_right():
    change = draw_film((fact(side="left"),), 3, 96) - draw_film((), 3, 96)

    assert change[60:80, 52:80].mean() > 0.1
    assert np.abs(change[60:80, 16:40]).max() < 0.001


@pytest.mark.parametrize("film_format", FilmFormat)
def test_films_are_files_that_the_service_reads(film_format):
    film = draw_film((fact(),), 1, 64)

    read = read_film(film_file(film, film_format, "SYN0S1", "SYN0P0"))

    assert read.grey.shape == film.shape
    assert np.abs(read.grey - film).max() < (0.003 if film_format is FilmFormat.PNG8 else 0.0001) + 0.002


def test_the_dicom_file_is_complete():
    content = film_file(draw_film((), 1, 64), FilmFormat.DICOM, "SYN0S1", "SYN0P0")
    dataset = pydicom.dcmread(io.BytesIO(content))

    assert dataset.SOPClassUID.name == "Computed Radiography Image Storage"
    assert dataset.Modality == "CR"
    assert dataset.pixel_array.shape == (64, 64)
    assert "SYNTHETIC" in str(dataset.PatientName)


def test_the_command_writes_studies_films_and_a_manifest_with_the_shares(tmp_path):
    out = tmp_path / "made"
    arguments = ["data", "synthetic", "--count", "12", "--seed", "3", "--films", "png16", "--out", str(out)]

    first = CliRunner().invoke(train, arguments)
    again = CliRunner().invoke(train, arguments)

    assert first.exit_code == 0
    assert again.exit_code != 0
    manifest = json.loads((out / MANIFEST_FILE).read_text())
    assert manifest["synthetic"] is True
    assert manifest["shares"] == {str(told): share for told, share in SHARES.items()}
    rows = [json.loads(line) for line in (out / STUDIES_FILE).read_text().splitlines()]
    assert len(rows) == 12
    assert all((out / image).exists() for row in rows for image in row["images"])


@pytest.mark.parametrize("kind", ["synthetic", "kinds"])
@pytest.mark.parametrize(
    "seed",
    [
        seeds.EXAM_SEED,
        seeds.FACTUALITY_SEED,
        seeds.FACTUALITY_SEED + 9,
        seeds.LENGTH_SEED,
        seeds.TRANSFER_SEED,
        seeds.LEAD_SEED,
    ],
)
def test_held_out_studies_are_not_written(tmp_path, kind, seed):
    """A file of them could be trained on."""
    out = tmp_path / "made"
    result = CliRunner().invoke(train, ["data", kind, "--count", "1", "--seed", str(seed), "--out", str(out)])

    assert isinstance(result.exception, UsageError)
    assert f"choose a seed below {seeds.EXAM_SEED}" in result.exception.remedy
    assert not out.exists()


def test_the_page_shows_film_report_and_graph(tmp_path):
    for name in ("page.html", "page.png"):
        result = CliRunner().invoke(
            train, ["data", "page", "--count", "2", "--film-share", "1", "--out", str(tmp_path / name)]
        )
        assert result.exit_code == 0, result.output
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "<mark" in page


def test_a_denial_is_always_closed_before_something_else_is_said():
    """A run-on behind a denial would teach to read what is denied as present."""
    rng = Random(4)
    for _ in range(300):
        denial = full_stop(Draft([Piece("no"), Piece("effusion", 0)], ["N"], []))
        drafts = [denial, full_stop(Draft([Piece("nodule", 0)], ["P"], []))]
        run_on(drafts, replace(draw_style(rng), run_on=1.0), rng)
        assert denial.pieces[-1].text == "."
