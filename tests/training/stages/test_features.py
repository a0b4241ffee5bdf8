"""Image vectors belong to films: whatever the seed, order, chunk or run, a film's vector is its own."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from PIL import Image

from training.data.jsonl import write_file
from training.stages.chunks import VisualChunks
from training.stages.config import read_config
from training.stages.examples import Reading
from training.stages.features import FilmVectors, encode_films, frozen_encoder
from training.stages.film_pass import UNREAD_FILE, encode_ahead
from training.stages.films import FilmFile, Phantom
from training.stages.language_stage import run_visual
from training.stages.loading import FileRows, from_file, synthetic
from training.synthetic.studies import make_study, studies
from vlmkg.errors import UsageError
from vlmkg.model.codec import train_codec
from vlmkg.model.vision.store import build_encoder, save_encoder

DEBUG = Path(__file__).parents[3] / "training" / "configs" / "debug.yaml"
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("encoder") / "vision"
    save_encoder(build_encoder("small", {"feature_size": 512}), folder)
    return folder


def film_rows(folder: Path, count: int) -> list:
    """Rows with one synthetic film file each, no two alike."""
    rows = []
    for at, study in enumerate(studies(4, count, films=1.0)):
        grey = np.random.default_rng(at).integers(0, 255, (40, 40), np.uint8)
        Image.fromarray(grey).resize((160, 160)).save(folder / f"{at}.png")
        rows.append(replace(synthetic(study).row, images=(f"{at}.png",), film=None))
    return rows


def test_each_row_gets_its_own_films_vector_with_every_seed(encoder, tmp_path):
    """Two seeds order the same rows differently and share the folder of vectors."""
    rows = tuple(film_rows(tmp_path, 12))
    codec = train_codec([row.report for row in rows], 900, 192)
    reading = Reading(codec, 768, prefix_length=2)
    own = {row.study_id: encode_films(frozen_encoder(encoder), [FilmFile(tmp_path / row.images[0])])[0] for row in rows}
    orders = []
    for seed in (0, 1):
        reader = FileRows(rows, tmp_path, 12, seed, "same files")
        chunk = VisualChunks(reading, reader, encoder, tmp_path / "features", 0.0, seed)(0)
        loaded = reader(0)
        orders.append([one.row.study_id for one in loaded])
        for at, one in enumerate(loaded):
            torch.testing.assert_close(chunk.features[at], own[one.row.study_id], atol=1e-5, rtol=0)
    assert orders[0] != orders[1]


def test_phantoms_have_their_own_vectors_too(encoder, tmp_path):
    vectors = FilmVectors(tmp_path, encoder)
    films = [Phantom(make_study(seed, at, films=1.0)) for seed in (1, 2) for at in range(4)]
    direct = encode_films(frozen_encoder(encoder), films)
    Random(0).shuffle(order := list(range(len(films))))
    found = vectors.of([films[at] for at in order])
    for at, known in zip(order, found, strict=True):
        torch.testing.assert_close(known.vector, direct[at], atol=1e-5, rtol=0)


def test_a_film_is_opened_once_over_epochs_chunks_and_runs(encoder, tmp_path, monkeypatch):
    rows = film_rows(tmp_path, 5)
    loaded = [from_file(row, tmp_path) for row in rows]
    opened: list[str] = []
    read = FilmFile.read
    monkeypatch.setattr(FilmFile, "read", lambda film: opened.append(film.name) or read(film))
    for _ in range(3):
        assert encode_ahead(loaded, tmp_path / "features", encoder, tmp_path / "run") == {"films": 5}
    assert sorted(opened) == sorted(str(tmp_path / row.images[0]) for row in rows)
    shutil.copy(tmp_path / "0.png", tmp_path / "copy.png")
    assert FilmVectors(tmp_path / "features", encoder).of([FilmFile(tmp_path / "copy.png")])[0].vector is not None
    assert len(opened) == 5, "the same content under another name is the same film"
    Image.new("L", (64, 64), 200).save(tmp_path / "0.png")
    FilmVectors(tmp_path / "features", encoder).of([FilmFile(tmp_path / "0.png")])
    assert len(opened) == 6, "a changed file is another film"


def test_films_that_cannot_be_read_are_named_counted_and_left_out(encoder, tmp_path, capsys):
    rows = film_rows(tmp_path, 4)
    (tmp_path / "1.png").write_bytes(b"\xff\xd8\xff broken")
    (tmp_path / "2.png").unlink()
    loaded = [from_file(row, tmp_path) for row in rows]
    counted = encode_ahead(loaded, tmp_path / "features", encoder, tmp_path / "run")
    assert counted == {"films": 4, "lost": 1, "unreadable": 1}
    said = capsys.readouterr().err
    assert "2 of 4 films" in said
    assert "1.png: unreadable" in said
    listed = (tmp_path / "run" / UNREAD_FILE).read_text().splitlines()
    assert {line.split("/")[-1] for line in listed[1:]} == {"1.png,unreadable", "2.png,lost"}
    codec = train_codec([row.report for row in rows], 900, 192)
    reader = FileRows(tuple(rows), tmp_path, 4, 0, "x")
    chunk = VisualChunks(Reading(codec, 768, prefix_length=2), reader, encoder, tmp_path / "features", 0.0, 0)(0)
    assert len(chunk.features) == 2
    assert {film for example in chunk.examples for film in example.films} == {0, 1}
    for name in ("0.png", "1.png", "3.png"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff")
    with pytest.raises(UsageError, match="none of the 4 films"):
        encode_ahead(loaded, tmp_path / "features", encoder, tmp_path / "run")


def test_stage_2_on_files_counts_its_films_in_the_runs_manifest(encoder, tmp_path):
    rows = [replace(row, split="train" if at < 8 else "validation") for at, row in enumerate(film_rows(tmp_path, 12))]
    (tmp_path / "3.png").write_bytes(b"\xff\xd8\xff")
    write_file(tmp_path / "studies.jsonl", rows)
    config = read_config(DEBUG)
    config = replace(
        config,
        data=replace(config.data, files=(str(tmp_path / "studies.jsonl"),)),
        vision=replace(config.vision, folder=str(encoder), features=str(tmp_path / "vectors")),
        stage2=replace(config.stage2, steps=2, evaluate_every=2, films_alone=0, read=0),
    )
    run_visual(config, tmp_path / "run", from_scratch=True)
    run = json.loads((tmp_path / "run" / "stage2.run" / "run.json").read_text())
    assert run["films"] == {"films": 12, "unreadable": 1}
    assert list((tmp_path / "vectors").glob("*.sqlite"))
    assert not (tmp_path / "run" / "features").exists()
    wrong = replace(config, projector=replace(config.projector, feature_size=256))
    with pytest.raises(UsageError, match="gives 512 numbers"):
        run_visual(wrong, tmp_path / "other", from_scratch=True)
