"""The model's engine with random weights: its reading means nothing, its form is a real checkpoint's."""

import io
import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from tests.vlmkg.dicom_films import film, written
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import verify
from vlmkg.checkpoint.promotion import make_current
from vlmkg.checkpoint.store import load_checkpoint
from vlmkg.cli import vlmkg
from vlmkg.data_dir import DataDir
from vlmkg.engine import engine as engine_module
from vlmkg.engine.films import read_films
from vlmkg.engine.loading import load_model_engine
from vlmkg.engine_protocol import FilmDomain, ImageInput, Modality, StudyInput
from vlmkg.errors import DeviceMemoryError, UsageError
from vlmkg.image.load import read_film
from vlmkg.linearization import film_names
from vlmkg.model.vision.encoder import encode, prepare
from vlmkg.pipeline import load_engine, read_studies
from vlmkg.schema import Kind, Witness

TEXT = "FINDINGS: The heart is mildly enlarged. No pneumothorax. Left lower lobe opacity."
OTHER = "IMPRESSION: Small left pleural effusion."


def picture(seed):
    file = io.BytesIO()
    grey = np.random.default_rng(seed).integers(0, 255, (60, 50), dtype=np.uint8)
    Image.fromarray(grey).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.make(tmp_path_factory.mktemp("engine") / "tiny", promoted=True).folder


@pytest.fixture(scope="module")
def engine(folder):
    return load_model_engine(folder, "cpu")


@pytest.fixture(scope="module")
def outputs(engine):
    """Of: a report with two films and a broken one; two reports; a film alone; nothing."""
    films = ImageInput("1.1", picture(1)), ImageInput("1.2", written(film())), ImageInput("1.3", b"no film")
    studies = StudyInput((TEXT,), films), StudyInput((OTHER, TEXT)), StudyInput((), films[:1]), StudyInput(())
    return engine.read(studies)


def test_the_engine_says_what_it_is(engine, folder):
    assert (engine.name, engine.checkpoint, engine.film_domain) == ("model", "tiny-random", FilmDomain.SYNTHETIC)
    assert engine.checkpoint_digest == verify(folder).digest
    assert len(engine.digest) == 64
    assert load_model_engine(folder, "cpu").digest == engine.digest


def test_another_checkpoint_or_reading_version_has_another_digest(engine, tmp_path, monkeypatch):
    other = tiny.make(tmp_path / "other", seed=1, promoted=True)
    assert load_model_engine(other.folder, "cpu").digest != engine.digest
    monkeypatch.setattr(engine_module, "READING_VERSION", -1)
    assert engine_module.ModelEngine(load_checkpoint(other.folder)).digest not in {engine.digest, other.digest}


def test_one_output_for_each_study_and_report_in_order(outputs):
    assert [len(output.reports) for output in outputs] == [1, 2, 0, 0]
    for output, texts in zip(outputs, ((TEXT,), (OTHER, TEXT)), strict=False):
        for report, text in zip(output.reports, texts, strict=True):
            assert all(text[one.start : one.end] == one.text for one in report.graph.mentions)
            facts = (*report.graph.mentions, *report.graph.relations)
            assert all(fact.witness is Witness.MODEL and 0 < fact.score <= 1 for fact in facts)
    assert any(report.graph.mentions for output in outputs for report in output.reports)


def test_modalities_are_those_that_were_read(outputs):
    both, text, image, nothing = (output.modalities for output in outputs)
    assert (both, text) == ((Modality.TEXT, Modality.IMAGE), (Modality.TEXT,))
    assert (image, nothing) == ((Modality.IMAGE,), ())


def test_a_broken_film_is_named_and_costs_nothing_else(outputs):
    assert [(one.image, one.reason) for one in outputs[0].unread] == [("1.3", "unreadable")]
    assert {entity.image for entity in outputs[0].image_entities} <= {"1.1", "1.2"}


def test_what_films_show_is_of_the_closed_list(outputs):
    entities = [*outputs[0].image_entities, *outputs[2].image_entities]
    assert entities
    assert all(one.text in film_names() and one.kind is Kind.OBSERVATION and 0 < one.score <= 1 for one in entities)


def test_the_prefix_is_the_projection_of_the_encoded_film(folder):
    checkpoint = load_checkpoint(folder)
    studies = [StudyInput((), (ImageInput("a", picture(1)), ImageInput("b", picture(2)))), StudyInput(())]
    with_films, without = read_films(checkpoint, studies, most=9)
    assert (with_films.keys, without.keys, without.joined()) == (("a", "b"), (), None)
    for prefix, seed in zip(with_films.prefixes, (1, 2), strict=True):
        pixels = prepare(read_film(picture(seed)), checkpoint.vision.pixels)
        with torch.inference_mode():
            expected = checkpoint.network.projector(encode(checkpoint.vision, pixels[None]))[0]
        torch.testing.assert_close(prefix, expected)
    assert torch.equal(with_films.joined(), torch.cat(with_films.prefixes))


def test_a_film_changes_what_is_read_of_the_report(engine):
    reports = [StudyInput((TEXT,)), *(StudyInput((TEXT,), (ImageInput("1", picture(seed)),)) for seed in range(3))]
    readings = [output.reports[0].graph for output in engine.read(reports)]
    scores = {tuple(mention.score for mention in graph.mentions) for graph in readings}
    assert len(scores) == 4


def test_films_that_leave_no_room_for_the_report_are_named(tmp_path):
    verified = tiny.make(tmp_path / "short", positions=256, promoted=True)
    most = 256 // 2 // 4
    films = tuple(ImageInput(str(number), picture(number)) for number in range(most + 2))
    (output,) = load_model_engine(verified.folder, "cpu").read([StudyInput((OTHER,), films)])
    assert [(one.image, one.reason) for one in output.unread] == [(str(most), "too_many"), (str(most + 1), "too_many")]


def test_an_unpromoted_damaged_or_absent_checkpoint_is_refused(folder, tmp_path):
    plain = tiny.make(tmp_path / "plain", image_domain=None)
    with pytest.raises(CheckpointError, match="not_promoted"):
        load_engine(str(plain.folder))
    assert load_engine(str(plain.folder), unpromoted=True).film_domain is None
    (plain.folder / "language_model" / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="digest_mismatch"):
        load_engine(str(plain.folder), unpromoted=True)
    with pytest.raises(UsageError, match="no engine"):
        load_engine(str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="no device 'cuda:99'"):
        load_model_engine(folder, "cuda:99")
    with pytest.raises(UsageError, match="no device 'abacus'"):
        load_model_engine(folder, "abacus")


def test_too_little_memory_is_an_error_that_asks_for_fewer(engine, monkeypatch):
    def full(*_args, **_kwargs):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(engine_module.reports, "read_reports", full)
    with pytest.raises(DeviceMemoryError, match="2 studies"):
        engine.read([StudyInput((TEXT,)), StudyInput((OTHER,))])


def test_the_rules_are_heard_beside_the_model(engine):
    (readings,) = read_studies(engine, [StudyInput((TEXT,))])
    witnesses = {mention.witness for mention in readings.reports[0].graph.mentions}
    assert Witness.RULES in witnesses
    assert readings.reports[0].agreement is not None


@pytest.fixture
def all_facts_of_films(monkeypatch):
    """Random weights are sure of nothing."""
    monkeypatch.setattr("vlmkg.witnesses.film_facts.MIN_FILM_SCORE", 0.0)


def extract(*arguments, **options):
    return CliRunner().invoke(vlmkg, ["extract", *map(str, arguments)], catch_exceptions=False, **options)


@pytest.mark.usefixtures("all_facts_of_films")
def test_extract_reads_a_report_and_its_film(folder, tmp_path):
    (tmp_path / "film.png").write_bytes(picture(1))
    (tmp_path / "report.txt").write_text(TEXT)
    shown = extract(
        "--engine", folder, "--image", tmp_path / "film.png", "--films", "synthetic", "--format", "radgraph",
        tmp_path / "report.txt",
    )  # fmt: skip
    entry = json.loads(shown.stdout)["report"]
    assert entry["entities"]
    assert {one["image"] for one in entry["image_entities"].values()} == {"film.png"}
    # Random weights and the rules differ, and that is told by reason codes alone.
    assert shown.stderr.startswith("report: model and rules differ: ")
    assert "effusion" not in shown.stderr


@pytest.mark.usefixtures("all_facts_of_films")
def test_extract_reads_the_films_of_many_reports(folder, tmp_path):
    (tmp_path / "film.png").write_bytes(picture(1))
    rows = [{"id": "a", "text": TEXT, "image": "film.png"}, {"id": "b", "text": TEXT}]
    (tmp_path / "reports.jsonl").write_text("\n".join(map(json.dumps, rows)))
    shown = extract("--engine", folder, "--films", "synthetic", "--format", "triplets", tmp_path / "reports.jsonl")
    first, second = map(json.loads, shown.stdout.splitlines())
    assert first["films"][0]["image"] == "film.png"
    assert "films" not in second


def test_a_checkpoint_that_knows_no_real_films_sees_none(folder, tmp_path):
    (tmp_path / "film.png").write_bytes(picture(1))
    (tmp_path / "report.txt").write_text(TEXT)
    shown = extract(
        "--engine", folder, "--image", tmp_path / "film.png", "--format", "triplets", tmp_path / "report.txt"
    )
    assert "trained only on synthetic films, so the films were not read" in shown.stderr
    assert "films" not in json.loads(shown.stdout)


def test_an_unpromoted_checkpoint_may_be_tried_and_says_so(tmp_path, no_shipped_checkpoint):
    plain = tiny.make(tmp_path / "plain", image_domain=None)
    shown = extract("--engine", plain.folder, "--format", "triplets", input=TEXT)
    assert "is not promoted" in shown.stderr
    assert json.loads(shown.stdout)["id"] == "report"
    with pytest.raises(UsageError, match="does not read films"):
        extract("--engine", plain.folder, "--image", tmp_path / "film.png", input=TEXT)
    with pytest.raises(UsageError, match="there is no checkpoint for the engine"):
        extract("--engine", "model", input=TEXT, env={"VLMKG_DATA": str(tmp_path)})


def test_the_promoted_checkpoint_is_the_model(folder, tmp_path):
    make_current(folder, DataDir(tmp_path))
    shown = extract("--engine", "model", "--format", "triplets", input=TEXT, env={"VLMKG_DATA": str(tmp_path)})
    assert json.loads(shown.stdout)["id"] == "report"
    assert shown.stderr == ""
