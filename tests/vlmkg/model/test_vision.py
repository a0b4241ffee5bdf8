"""Image encoders: pixels against plain loops, MedCLIP's names and numbers against its own formula, files that fit."""

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import SwinConfig

from vlmkg.errors import RefusedError
from vlmkg.image.load import Film
from vlmkg.model.vision.encoder import Fit, Pixels, encode, prepare
from vlmkg.model.vision.store import build_encoder, load_encoder, save_encoder, with_weights

SWIN = {"embed_dim": 8, "depths": [1, 1], "num_heads": [2, 4], "window_size": 7, "image_size": 56}
TOWER = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
CONFIGS = {
    "small": {"feature_size": 16},
    "medclip": {"feature_size": 16, "swin": SWIN},
    "open_clip": {
        "model_cfg": {"embed_dim": 16, "vision_cfg": TOWER},
        "preprocess_cfg": {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2]},
    },
}


@pytest.fixture(scope="module", params=CONFIGS)
def encoder(request):
    torch.manual_seed(5)
    built = build_encoder(request.param, CONFIGS[request.param])
    built.module.eval()
    return built


def test_every_encoder_gives_vectors_of_length_one(encoder):
    film = Film(np.random.default_rng(1).random((50, 40), dtype=np.float32))
    pixels = prepare(film, encoder.pixels)
    assert pixels.shape == (len(encoder.pixels.mean), encoder.pixels.size, encoder.pixels.size)
    if encoder.kind == "open_clip":
        assert pixels.shape[0] == 3
    features = encode(encoder, torch.stack([pixels, pixels * 0.5]))
    assert features.shape == (2, 16)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2))
    assert not torch.allclose(features[0], features[1])
    assert not features.requires_grad


def test_an_encoder_survives_its_folder_and_comes_back_frozen(encoder, tmp_path):
    save_encoder(encoder, tmp_path / "vision")
    again = load_encoder(tmp_path / "vision")
    pixels = torch.rand(2, len(encoder.pixels.mean), encoder.pixels.size, encoder.pixels.size)
    assert torch.equal(encode(encoder, pixels), encode(again, pixels))
    assert (again.kind, again.pixels, again.config) == (encoder.kind, encoder.pixels, encoder.config)
    assert not any(weight.requires_grad for weight in again.module.parameters())
    assert not again.module.training


def test_weights_that_do_not_fit_are_refused(encoder):
    weights = dict(encoder.module.state_dict())
    name = next(iter(weights))
    fresh = build_encoder(encoder.kind, encoder.config)
    with pytest.raises(RefusedError, match="1 weights do not fit"):
        with_weights(fresh, {key: value for key, value in weights.items() if key != name})
    with pytest.raises(RefusedError, match="1 weights do not fit"):
        with_weights(fresh, {**weights, "surplus": torch.zeros(1)})
    with pytest.raises(RefusedError, match="do not fit"):
        with_weights(fresh, {**weights, name: torch.zeros(1, 2, 3)})


def test_unknown_kinds_and_broken_folders_are_refused(tmp_path):
    with pytest.raises(RefusedError, match="no image encoder 'resnet'"):
        build_encoder("resnet", {})
    with pytest.raises(RefusedError, match="config of the image encoder 'small' is wrong"):
        build_encoder("small", {})
    with pytest.raises(RefusedError, match="is not an image encoder"):
        load_encoder(tmp_path)


def test_medclip_is_stored_by_its_published_names(tmp_path):
    torch.manual_seed(6)
    save_encoder(build_encoder("medclip", CONFIGS["medclip"]), tmp_path / "vision")
    names = set(load_file(tmp_path / "vision" / "model.safetensors"))
    block = "model.encoder.layers.0.blocks.0."
    assert {
        "projection_head.weight",
        "model.embeddings.patch_embeddings.projection.weight",
        f"{block}attention.self.query.weight",
        f"{block}attention.self.relative_position_bias_table",
        f"{block}attention.output.dense.bias",
        f"{block}intermediate.dense.weight",
        f"{block}output.dense.weight",
        "model.layernorm.weight",
    } <= names


def test_medclip_maps_the_mean_of_the_last_tokens_without_bias():
    torch.manual_seed(7)
    built = build_encoder("medclip", CONFIGS["medclip"])
    built.module.eval()
    pixels = torch.randn(2, 1, 56, 56)
    with torch.inference_mode():
        tokens = built.module.model(pixels.repeat(1, 3, 1, 1)).last_hidden_state
    mapped = tokens.mean(dim=1) @ built.module.projection_head.weight.T
    expected = mapped / mapped.norm(dim=1, keepdim=True)
    torch.testing.assert_close(encode(built, pixels), expected.detach(), rtol=0, atol=1e-6)
    assert built.module.projection_head.bias is None


def test_medclip_s_own_shape_is_swin_tiny():
    swin = SwinConfig()
    assert (tuple(swin.depths), swin.embed_dim, swin.window_size, swin.patch_size, swin.image_size) == (
        (2, 2, 6, 2),
        96,
        7,
        4,
        224,
    )
    with torch.device("meta"):
        built = build_encoder("medclip", {"feature_size": 512, "swin": {}})
    assert built.pixels == Pixels(224, (0.5862785803043838,), (0.27950088968644304,), Fit.PAD)


def film(height, width):
    return Film(np.random.default_rng(2).random((height, width), dtype=np.float32))


def test_a_small_film_is_padded_in_the_middle_as_medclip_does():
    grey = film(4, 6).grey
    shown = prepare(Film(grey), Pixels(10, (0.0,), (1.0,), Fit.PAD))[0].numpy()
    expected = np.zeros((10, 10), np.float32)
    expected[3:7, 2:8] = grey
    np.testing.assert_array_equal(shown, expected)


def test_a_large_film_is_padded_to_a_square_and_then_shrunk():
    flat = Film(np.ones((40, 20), np.float32))
    shown = prepare(flat, Pixels(20, (0.0,), (1.0,), Fit.PAD))[0].numpy()
    assert shown[:, 8:12].min() > 0.99
    assert shown[:, [0, 1, 18, 19]].max() < 0.01


def test_the_other_fits_crop_pad_or_squash():
    flat = Film(np.ones((40, 20), np.float32))
    whole = {fit: prepare(flat, Pixels(10, (0.0,), (1.0,), fit))[0].numpy() for fit in Fit}
    assert whole[Fit.SHORTEST].min() > 0.99
    assert whole[Fit.SQUASH].min() > 0.99
    assert whole[Fit.LONGEST][:, 3:7].min() > 0.99
    assert whole[Fit.LONGEST][:, [0, 9]].max() == 0


def test_the_middle_of_a_long_film_is_kept():
    grey = np.zeros((30, 10), np.float32)
    grey[10:20] = 1
    assert prepare(Film(grey), Pixels(10, (0.0,), (1.0,), Fit.SHORTEST)).min() == 1


def test_pixels_are_normalised_by_channel():
    black = Film(np.zeros((8, 8), np.float32))
    shown = prepare(black, Pixels(8, (0.5, 0.25), (0.5, 0.125)))
    assert shown[0].unique().tolist() == [-1.0]
    assert shown[1].unique().tolist() == [-2.0]


def test_sixteen_bits_reach_the_encoder():
    fine = np.linspace(0.5, 0.501, 64, dtype=np.float32).reshape(8, 8)
    assert len(prepare(Film(fine), Pixels(8, (0.0,), (1.0,))).unique()) == 64


@pytest.mark.parametrize(("height", "width"), [(300, 260), (512, 700), (100, 90)])
def test_a_film_is_prepared_as_medclip_s_own_code_does_but_for_its_rounding(height, width):
    """Its feature extractor: a black square of at least 224, resized bicubically in 8 bits, divided, normalised."""
    smooth = np.add.outer(np.sin(np.arange(height) / 9), np.cos(np.arange(width) / 7))
    levels = ((smooth + 2) / 4 * 255).astype(np.uint8)
    side = max(224, height, width)
    square = Image.new("L", (side, side), 0)
    square.paste(Image.fromarray(levels), (int((side - width) / 2), int((side - height) / 2)))
    theirs = np.asarray(square.resize((224, 224), Image.Resampling.BICUBIC), np.float32) / 255
    mean, std = 0.5862785803043838, 0.27950088968644304
    ours = prepare(Film(levels.astype(np.float32) / 255), Pixels(224, (mean,), (std,), Fit.PAD))[0]
    difference = np.abs(ours.numpy() * std + mean - theirs) * 255
    assert difference.max() < 1.5  # theirs rounds twice, between the two directions and after
