"""The paper's sizes, counted by formulas and by the modules themselves on the meta device: nothing is allocated."""

import pytest
import torch
from transformers import AutoModelForCausalLM, Qwen2Config

from vlmkg.model.config import ModelConfig, Projector
from vlmkg.model.projector import build_projector
from vlmkg.model.vision.store import build_encoder


def count(module):
    return sum(weight.numel() for weight in module.parameters())


def mapper_parameters(features, n, k, d, layers):
    """By hand: the map of the image vector, the learned prefix, and each layer's norms, attention and MLP."""
    attention = d * d + 2 * d * d + (d * d + d)
    mlp = (d * 2 * d + 2 * d) + (2 * d * d + d)
    return (features * k * d + k * d) + n * d + layers * (2 * 2 * d + attention + mlp)


def test_the_paper_s_projector_has_its_parameters():
    with torch.device("meta"):
        assert count(build_projector(ModelConfig(), 1024)) == 100_859_904
    assert mapper_parameters(512, 64, 64, 1024, 8) == 100_859_904


@pytest.mark.parametrize(("n", "k", "d", "layers"), [(4, 3, 32, 2), (10, 20, 896, 6)])
def test_the_formula_holds_at_other_sizes(n, k, d, layers):
    with torch.device("meta"):
        projector = build_projector(ModelConfig(prefix_length=n, clip_length=k, layers=layers, heads=4), d)
    assert count(projector) == mapper_parameters(512, n, k, d, layers)


def test_the_two_arms_of_the_ablation():
    with torch.device("meta"):
        linear = count(build_projector(ModelConfig(projector=Projector.LINEAR), 1024))
        mlp = count(build_projector(ModelConfig(projector=Projector.MLP), 1024))
    assert linear == 512 * 65_536 + 65_536 == 33_619_968
    assert mlp == (512 * 1536 + 1536) + (1536 * 65_536 + 65_536)
    assert abs(mlp - 100_859_904) < 0.01 * 100_859_904


def test_the_paper_s_language_model_has_its_parameters():
    config = Qwen2Config(
        vocab_size=151_936,
        hidden_size=1024,
        intermediate_size=2816,
        num_hidden_layers=24,
        num_attention_heads=16,
        num_key_value_heads=16,
        tie_word_embeddings=True,
    )
    with torch.device("meta"):
        assert count(AutoModelForCausalLM.from_config(config)) == 463_987_712


def test_the_image_encoders_have_theirs():
    biomedclip = {"timm_model_name": "vit_base_patch16_224", "timm_pool": "", "timm_proj": "linear", "image_size": 224}
    swin_tiny, vit_base, head_768 = 27_519_354, 85_798_656, 768 * 512
    with torch.device("meta"):
        medclip = build_encoder("medclip", {"feature_size": 512, "swin": {}})
        open_clip = build_encoder("open_clip", {"model_cfg": {"embed_dim": 512, "vision_cfg": biomedclip}})
    assert count(medclip.module) == swin_tiny + head_768
    assert count(open_clip.module) == vit_base + head_768
    assert count(build_encoder("small", {"feature_size": 512}).module) < 1_000_000
