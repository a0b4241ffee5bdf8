"""The guard of the shipped encoder: films of patients are held back, phantoms are not."""

import os
from pathlib import Path

import pytest
import torch

from training.data.rows import Row
from training.stages.features import FilmVectors
from training.stages.films import Phantom
from training.stages.guarding import file_guard, guard_of_synthetic, write_guard
from training.stages.loading import Loaded
from training.synthetic.studies import make_study
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.manifest import VISION, verify
from vlmkg.image.load import read_film
from vlmkg.model.vision.encoder import encode, prepare
from vlmkg.model.vision.guard import LEAST_FILMS
from vlmkg.model.vision.store import load_encoder, save_encoder
from vlmkg.schema import ReportGraph

SHIPPED = Path(__file__).parents[3] / "checkpoints" / "small"
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def guard():
    return guard_of_synthetic(SHIPPED, 3, 400)


def vectors(films) -> torch.Tensor:
    encoder = load_encoder(SHIPPED / VISION)
    return torch.cat([encode(encoder, prepare(film, encoder.pixels)[None]) for film in films])


def test_other_phantoms_pass_but_for_a_few(guard):
    films = [Phantom(make_study(77, at, films=1.0)).read() for at in range(60)]
    assert sum(guard.unlike(vectors(films))) <= 4


def test_films_of_patients_are_held_back_by_an_encoder_of_phantoms(guard, shared_data):
    films = sorted((shared_data / "images").rglob("*"))
    paths = [path for path in films if path.suffix in {".png", ".jpg", ".jpeg"}][:12]
    assert len(paths) == 12
    assert all(guard.unlike(vectors([read_film(path.read_bytes()) for path in paths])))


def test_a_checkpoint_bears_its_guard_under_its_seal(tmp_path, guard):
    before = tiny.make(tmp_path / "tiny")
    write_guard(tmp_path / "tiny", guard)
    after = verify(tmp_path / "tiny")
    assert "vision/guard.safetensors" in after.manifest.files
    assert after.digest != before.digest
    assert load_encoder(tmp_path / "tiny" / VISION).guard.threshold == pytest.approx(guard.threshold)
    os.truncate(tmp_path / "tiny" / VISION / "guard.safetensors", 8)
    with pytest.raises(Exception, match="digest_mismatch"):
        verify(tmp_path / "tiny")


def test_few_films_of_files_make_no_guard(tmp_path):
    folder = tmp_path / "vision"
    save_encoder(load_encoder(SHIPPED / VISION), folder)
    films = tuple(Phantom(make_study(5, at, films=1.0)) for at in range(LEAST_FILMS))
    row = Row("a", "p", "x", ReportGraph())
    assert file_guard([Loaded(row, films[:-1])], tmp_path / "kept", folder) is None
    assert file_guard([Loaded(row, films)], tmp_path / "kept", folder) is not None
    assert all(known.vector is not None for known in FilmVectors(tmp_path / "kept", folder).of(films))
