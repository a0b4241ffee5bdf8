"""The guard of an image encoder, and the preparation of grey values."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.manifest import VISION, write_manifest
from vlmkg.checkpoint.store import load_checkpoint
from vlmkg.engine.films import read_films
from vlmkg.engine_protocol import ImageInput, StudyInput
from vlmkg.errors import RefusedError
from vlmkg.image.intensity import Intensity, equalised
from vlmkg.image.load import read_film
from vlmkg.model.vision.encoder import encode, prepare
from vlmkg.model.vision.guard import GUARD_FILE, Guard, fit, load_guard, save_guard, shrunk_covariance
from vlmkg.model.vision.store import build_encoder, with_intensity
from vlmkg.reading_codes import UnreadReason


def vectors(seed: int, count: int, size: int = 16, shift: float = 0.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.randn(size, size, generator=torch.Generator().manual_seed(99))
    return torch.randn(count, size, generator=generator) @ mixed + shift


def test_one_in_a_hundred_films_of_the_same_kind_is_held_back():
    guard = fit(vectors(0, 4000))
    refused = sum(guard.unlike(vectors(1, 5000))) / 5000
    assert 0.003 < refused < 0.025
    assert all(guard.unlike(vectors(2, 50, shift=60.0)))


def test_distances_are_mahalanobis_own():
    guard = fit(vectors(0, 1000))
    films = vectors(5, 7)
    by_hand = [((v - guard.mean).double() @ guard.precision.double() @ (v - guard.mean).double()) ** 0.5 for v in films]
    assert guard.distances(films).tolist() == pytest.approx([float(one) for one in by_hand], rel=1e-3)


def test_the_covariance_is_shrunk_when_films_are_few_and_left_alone_when_they_are_many():
    few, many = vectors(0, 20), vectors(0, 20000)
    few, many = few - few.mean(0), many - many.mean(0)
    assert torch.linalg.cond(shrunk_covariance(few)) < torch.linalg.cond(few.mT @ few / len(few))
    torch.testing.assert_close(shrunk_covariance(many), many.mT @ many / len(many), rtol=0.02, atol=0.05)


def test_too_few_films_make_no_guard_and_a_damaged_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 200 films"):
        fit(vectors(0, 50))
    assert load_guard(tmp_path) is None
    save_guard(guard := fit(vectors(0, 400)), tmp_path)
    assert load_guard(tmp_path).threshold == pytest.approx(guard.threshold)
    (tmp_path / GUARD_FILE).write_bytes(b"no")
    with pytest.raises(RefusedError):
        load_guard(tmp_path)


def png(grey: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(grey).save(file, format="PNG")
    return file.getvalue()


def test_a_film_beyond_the_threshold_is_not_read_and_the_others_are(tmp_path):
    folder = tmp_path / "tiny"
    manifest = tiny.make(folder).manifest
    before = load_checkpoint(folder)
    films = [png(np.full((40, 40), level, np.uint8) + np.eye(40, dtype=np.uint8) * 50) for level in (60, 100, 200)]
    pixels = [prepare(read_film(film), before.vision.pixels) for film in films]
    own = encode(before.vision, torch.stack(pixels))
    precision = torch.eye(own.shape[1]) * 1e4
    odd = torch.linalg.norm(own[1:] - own[0], dim=1).min()
    save_guard(Guard(own[0], precision, float(odd) * 50), folder / VISION)
    write_manifest(folder, **manifest.model_dump(exclude={"files"}))

    study = StudyInput(("Clear.",), tuple(ImageInput(str(at), film) for at, film in enumerate(films)))
    (seen,) = read_films(load_checkpoint(folder), [study], 4)
    assert seen.keys == ("0",)
    assert len(seen.prefixes) == 1
    assert {(one.image, one.reason) for one in seen.unread} == {("1", "unlike_training"), ("2", "unlike_training")}
    (all_seen,) = read_films(before, [study], 4)
    assert all_seen.keys == ("0", "1", "2")
    assert UnreadReason.UNLIKE_TRAINING.warning == "image_unlike_training"


def test_every_form_of_a_film_gives_the_same_input_when_it_is_equalised():
    """A histogram-equalised JPEG, 8 and 16 bits, another window: rising maps of the same values."""
    rng = np.random.default_rng(0)
    smooth = np.asarray(Image.fromarray(rng.random((9, 9)).astype(np.float32)).resize((200, 200), Image.BICUBIC))
    film = ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)
    forms = [
        read_film(png(np.round(film * 255).astype(np.uint8))).grey,
        read_film(png(np.round(film * 60000).astype(np.uint16))).grey,
        read_film(png(np.round(equalised(film) * 255).astype(np.uint8))).grey,
        read_film(png(np.round(film**0.5 * 180 + 40).astype(np.uint8))).grey,
    ]
    plain, even = (build_encoder("small", {"feature_size": 8}).pixels, None)
    even = with_intensity(build_encoder("small", {"feature_size": 8}), Intensity.EQUALISED).pixels
    from vlmkg.image.load import Film

    shown = [prepare(Film(form), plain) for form in forms]
    same = [prepare(Film(form), even) for form in forms]
    assert max(float((one - shown[0]).abs().mean()) for one in shown[1:]) > 0.3
    assert max(float((one - same[0]).abs().mean()) for one in same[1:]) < 0.02


def test_equalised_values_are_spread_and_a_blank_film_is_black():
    grey = np.linspace(0.4, 0.6, 10000, dtype=np.float32).reshape(100, 100) ** 3
    found = equalised(grey)
    assert np.abs(np.quantile(found, [0.1, 0.5, 0.9]) - [0.1, 0.5, 0.9]).max() < 0.02
    assert not equalised(np.full((4, 4), 0.7, np.float32)).any()


def test_the_preparation_is_part_of_the_encoders_config():
    encoder = build_encoder("small", {"feature_size": 8, "intensity": "equalised"})
    assert encoder.pixels.intensity is Intensity.EQUALISED
    assert encoder.config["intensity"] == "equalised"
    with pytest.raises(RefusedError):
        build_encoder("small", {"feature_size": 8, "intensity": "bright"})
