"""The projector against its formula, written anew in plain numpy, one film, one head and one token at a time."""

import numpy as np
import pytest
import torch

from vlmkg.errors import RefusedError
from vlmkg.model.config import ModelConfig, Projector, from_json, to_json
from vlmkg.model.projector import build_projector

D, HEADS, N, K = 12, 3, 5, 4
CONFIG = ModelConfig(feature_size=7, prefix_length=N, clip_length=K, layers=3, heads=HEADS)


@pytest.fixture(scope="module")
def projector():
    torch.manual_seed(1)
    module = build_projector(CONFIG, D).double()
    with torch.no_grad():  # norms that do something
        for name, weight in module.named_parameters():
            if "norm" in name:
                weight.add_(torch.randn_like(weight) * 0.3)
    return module


def norm(x, weight, bias):
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5) * weight + bias


def attend(tokens, weights, at):
    """For each token: the softmax over all tokens of q.k / sqrt(e), head by head, of the values."""
    e = D // HEADS
    queries = [weights[f"{at}.queries.weight"] @ x for x in tokens]
    keys_values = [weights[f"{at}.keys_values.weight"] @ x for x in tokens]
    outputs = []
    for q in queries:
        mixed = []
        for head in range(HEADS):
            part = slice(head * e, (head + 1) * e)
            scores = np.array([q[part] @ kv[:D][part] for kv in keys_values]) / np.sqrt(e)
            chances = np.exp(scores - scores.max())
            chances /= chances.sum()
            mixed.append(sum(c * kv[D:][part] for c, kv in zip(chances, keys_values, strict=True)))
        outputs.append(weights[f"{at}.output.weight"] @ np.concatenate(mixed) + weights[f"{at}.output.bias"])
    return outputs


def mapper(features, weights):
    mapped = weights["clip_tokens.weight"] @ features + weights["clip_tokens.bias"]
    tokens = [*mapped.reshape(K, D), *weights["prefix"]]
    for layer in range(CONFIG.layers):
        at = f"layers.{layer}"
        normed = [norm(x, weights[f"{at}.norm1.weight"], weights[f"{at}.norm1.bias"]) for x in tokens]
        tokens = [x + y for x, y in zip(tokens, attend(normed, weights, f"{at}.attention"), strict=True)]
        after = []
        for x in tokens:
            y = norm(x, weights[f"{at}.norm2.weight"], weights[f"{at}.norm2.bias"])
            inner = np.maximum(weights[f"{at}.mlp.0.weight"] @ y + weights[f"{at}.mlp.0.bias"], 0)
            after.append(x + weights[f"{at}.mlp.2.weight"] @ inner + weights[f"{at}.mlp.2.bias"])
        tokens = after
    return np.stack(tokens[-N:])


def test_the_transformer_is_its_formula(projector):
    weights = {name: value.numpy() for name, value in projector.state_dict().items()}
    features = torch.randn(3, 7, dtype=torch.float64)
    ours = projector(features)
    assert ours.shape == (3, N, D)
    for row, film in zip(ours, features, strict=True):
        np.testing.assert_allclose(row.detach().numpy(), mapper(film.numpy(), weights), rtol=0, atol=1e-12)


def test_the_transformer_has_no_weight_beyond_the_formula_s(projector):
    layer = {
        f"{part}.{kind}"
        for part in ("norm1", "norm2", "attention.output", "mlp.0", "mlp.2")
        for kind in ("weight", "bias")
    }
    layer |= {"attention.queries.weight", "attention.keys_values.weight"}
    expected = {"clip_tokens.weight", "clip_tokens.bias", "prefix"}
    expected |= {f"layers.{at}.{name}" for at in range(CONFIG.layers) for name in layer}
    assert set(projector.state_dict()) == expected


@pytest.mark.parametrize("arm", [Projector.LINEAR, Projector.MLP])
def test_the_arms_are_their_formulas(arm):
    torch.manual_seed(2)
    module = build_projector(ModelConfig(projector=arm, feature_size=7, prefix_length=N, mlp_width=9), D).double()
    weights = {name: value.numpy() for name, value in module.state_dict().items()}
    features = torch.randn(2, 7, dtype=torch.float64)
    for row, film in zip(module(features), features.numpy(), strict=True):
        if arm is Projector.LINEAR:
            expected = weights["map.weight"] @ film + weights["map.bias"]
        else:
            inner = np.tanh(weights["map.0.weight"] @ film + weights["map.0.bias"])
            expected = weights["map.2.weight"] @ inner + weights["map.2.bias"]
        np.testing.assert_allclose(row.detach().numpy(), expected.reshape(N, D), rtol=0, atol=1e-12)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(RefusedError, match="5 heads do not divide"):
        build_projector(ModelConfig(heads=5), 32)


def test_a_config_survives_its_manifest():
    assert from_json(to_json(CONFIG)) == CONFIG


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dropout": 0.1}, "no field dropout"),
        ({"projector": "qformer"}, "projector: .*'qformer'"),
        ({"heads": 0}, "heads: .*1, not 0"),
        ({"layers": True}, "layers: .*, not True"),
        ({"layers": "8"}, "layers: .*, not '8'"),
        ({"mlp_width": 1.5}, "mlp_width: .*, not 1.5"),
        ({"clip_length": None}, "clip_length: .*, not None"),
    ],
)
def test_a_config_without_a_meaning_is_refused(change, said):
    with pytest.raises(RefusedError, match=said):
        from_json({**to_json(CONFIG), **change})


@pytest.mark.parametrize("name", to_json(CONFIG))
def test_a_config_that_lacks_a_field_is_refused(name):
    with pytest.raises(RefusedError, match=f"lacks: {name}"):
        from_json({key: value for key, value in to_json(CONFIG).items() if key != name})
