"""Published models, small and random, in the very layouts in which they are published."""

import json
import pickle
import re
import zipfile

import open_clip
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import nn
from transformers import Qwen2Config, Qwen2ForCausalLM, SwinConfig, SwinModel

from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.originals import import_language_model, import_medclip, import_open_clip
from vlmkg.checkpoint.store import load_language_model
from vlmkg.model.codec import load_codec
from vlmkg.model.vision.encoder import encode
from vlmkg.model.vision.store import load_encoder

SWIN = SwinConfig(embed_dim=8, depths=[1, 2], num_heads=[2, 4], window_size=7)
PUBLISHED = [
    (r"attention\.q_proj\.", "attention.self.query."),
    (r"attention\.k_proj\.", "attention.self.key."),
    (r"attention\.v_proj\.", "attention.self.value."),
    (r"attention\.o_proj\.", "attention.output.dense."),
    (r"attention\.relative_position_bias\.", "attention.self."),
    (r"mlp\.fc1\.", "intermediate.dense."),
    (r"mlp\.fc2\.", "output.dense."),
]
"""From the installed library's names to those of transformers 4.24, in which MedCLIP was published."""


def refused(call, *args):
    with pytest.raises(CheckpointError) as caught:
        call(*args)
    return caught.value


def published(name):
    for pattern, old in PUBLISHED:
        name = re.sub(pattern, old, name)
    return name


class Evil:
    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return (open, (str(self.place), "w"))


@pytest.fixture(scope="module")
def swin():
    torch.manual_seed(8)
    return SwinModel(SWIN).eval(), nn.Linear(16, 12, bias=False)


@pytest.fixture(scope="module")
def medclip_weights(swin):
    """The state dict of the whole MedCLIP: image encoder, text encoder, temperature, computed tables."""
    model, head = swin
    weights = {}
    for name, value in [*model.state_dict().items(), *model.named_buffers()]:
        weights[f"vision_model.model.{published(name)}"] = value
    weights["vision_model.projection_head.weight"] = head.weight.detach()
    weights["text_model.model.embeddings.word_embeddings.weight"] = torch.zeros(5, 4)
    weights["logit_scale"] = torch.tensor(2.6)
    assert any(name.endswith("relative_position_index") for name in weights)
    return weights


def test_medclip_s_zip_its_folder_and_its_file_give_the_same_encoder(swin, medclip_weights, tmp_path):
    source = tmp_path / "medclip-vit"
    source.mkdir()
    torch.save(medclip_weights, source / "pytorch_model.bin")
    with zipfile.ZipFile(tmp_path / "medclip-vit-pretrained.zip", "w") as archive:
        archive.write(source / "pytorch_model.bin", "pytorch_model.bin")
    pixels = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        mapped = swin[1](swin[0](pixels).pooler_output)
    expected = mapped / mapped.norm(dim=-1, keepdim=True)
    for number, place in enumerate((tmp_path / "medclip-vit-pretrained.zip", source, source / "pytorch_model.bin")):
        import_medclip(place, tmp_path / f"vision{number}")
        encoder = load_encoder(tmp_path / f"vision{number}")
        torch.testing.assert_close(encode(encoder, pixels), expected, rtol=0, atol=1e-6)
    swin_shape = encoder.config["swin"]
    assert (swin_shape["depths"], swin_shape["num_heads"], swin_shape["window_size"]) == ([1, 2], [2, 4], 7)
    assert (swin_shape["embed_dim"], swin_shape["patch_size"], swin_shape["mlp_ratio"]) == (8, 4, 4.0)


def test_what_is_not_medclip_s_swin_is_refused(tmp_path):
    torch.save({"vision_model.conv1.weight": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
    assert "not MedCLIP's Swin" in str(refused(import_medclip, tmp_path, tmp_path / "out"))
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
    assert "vision_model." in str(refused(import_medclip, tmp_path, tmp_path / "out"))
    (tmp_path / "odd.zip").write_bytes(b"PK nothing")
    assert refused(import_medclip, tmp_path / "odd.zip", tmp_path / "out").reason == "wrong_layout"
    assert refused(import_medclip, tmp_path / "absent.zip", tmp_path / "out").reason == "wrong_layout"
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    assert "holds no pytorch_model.bin" in str(refused(import_medclip, tmp_path / "empty.zip", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_nothing_in_a_pickle_is_run(tmp_path):
    mark = tmp_path / "run"
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Evil(mark), protocol=2))
    assert refused(import_medclip, tmp_path, tmp_path / "out").reason == "wrong_layout"
    torch.save({"vision_model.x": torch.zeros(1), "more": Evil(mark)}, tmp_path / "pytorch_model.bin")
    assert refused(import_medclip, tmp_path, tmp_path / "out").reason == "wrong_layout"
    assert not mark.exists()


BIOMEDCLIP = {
    "model_cfg": {
        "embed_dim": 24,
        "vision_cfg": {
            "timm_model_name": "vit_tiny_patch16_224",
            "timm_model_pretrained": True,
            "timm_pool": "",
            "timm_proj": "linear",
            "image_size": 224,
        },
        "text_cfg": {
            "hf_model_name": "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract",
            "hf_tokenizer_name": "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract",
            "hf_proj_type": "mlp",
            "hf_pooler_type": "cls_last_hidden_state_pooler",
            "context_length": 256,
        },
    },
    "preprocess_cfg": {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]},
}
"""BiomedCLIP's own file, but for a smaller tower."""


@pytest.mark.parametrize("name", ["open_clip_pytorch_model.bin", "open_clip_model.safetensors"])
def test_biomedclip_s_folder_gives_its_visual_tower_without_its_text_model(name, tmp_path):
    torch.manual_seed(9)
    vision = {**BIOMEDCLIP["model_cfg"]["vision_cfg"], "timm_model_pretrained": False}
    text = {"context_length": 4, "vocab_size": 8, "width": 16, "heads": 2, "layers": 1}
    whole = open_clip.CLIP(24, vision, text).eval()
    weights = {key: value for key, value in whole.state_dict().items() if key.startswith(("visual.", "logit_scale"))}
    weights["text.transformer.embeddings.word_embeddings.weight"] = torch.zeros(3, 2)
    source = tmp_path / "biomedclip"
    source.mkdir()
    (source / "open_clip_config.json").write_text(json.dumps(BIOMEDCLIP))
    if name.endswith(".bin"):
        torch.save(weights, source / name)
    else:
        save_file({key: value.contiguous() for key, value in weights.items()}, source / name)
    import_open_clip(f"local-dir:{source}", tmp_path / "vision")
    encoder = load_encoder(tmp_path / "vision")
    pixels = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        expected = whole.encode_image(pixels, normalize=True)
    torch.testing.assert_close(encode(encoder, pixels), expected, rtol=0, atol=1e-6)
    assert encoder.pixels.mean == (0.48145466, 0.4578275, 0.40821073)
    assert "text_cfg" not in json.dumps(encoder.config)


def test_an_open_clip_folder_that_lacks_something_is_refused(tmp_path):
    assert "it lacks open_clip_config.json" in str(refused(import_open_clip, tmp_path, tmp_path / "out"))
    (tmp_path / "open_clip_config.json").write_text("{")
    assert "is not JSON" in str(refused(import_open_clip, tmp_path, tmp_path / "out"))
    (tmp_path / "open_clip_config.json").write_text(json.dumps(BIOMEDCLIP))
    assert "the folder has none of" in str(refused(import_open_clip, tmp_path, tmp_path / "out"))


@pytest.fixture(scope="module")
def qwen_folder(tmp_path_factory):
    """The layout of Qwen1.5-0.5B: tied embeddings, byte-level BPE, config, generation config, tokenizer."""
    folder = tmp_path_factory.mktemp("qwen") / "Qwen1.5-0.5B"
    torch.manual_seed(10)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: at for at, token in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    config = Qwen2Config(
        vocab_size=272,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        rope_theta=1e6,
        tie_word_embeddings=True,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "LICENSE").write_text("research")
    return folder


def test_qwen_s_folder_becomes_a_language_model_with_our_tokens(qwen_folder, tmp_path):
    import_language_model(qwen_folder, tmp_path / "language_model", pointers=64)
    before, after = load_language_model(qwen_folder), load_language_model(tmp_path / "language_model")
    codec = load_codec(tmp_path / "language_model")
    assert codec.pointers == 64
    rows = after.get_input_embeddings().weight
    assert rows.shape[0] == codec.vocabulary_size > 272
    assert torch.equal(rows[:272], before.get_input_embeddings().weight)
    assert after.get_output_embeddings().weight.data_ptr() == rows.data_ptr()
    text = torch.tensor([codec.spell("effusion")])
    with torch.inference_mode():
        torch.testing.assert_close(after(text).logits[..., :272], before(text).logits)
    import_language_model(qwen_folder, tmp_path / "again", pointers=64)
    assert torch.equal(load_language_model(tmp_path / "again").get_input_embeddings().weight, rows)


def test_shards_and_their_index_are_read_as_one(qwen_folder, tmp_path):
    source = tmp_path / "sharded"
    model = load_language_model(qwen_folder)
    model.save_pretrained(source, max_shard_size="8KB")
    assert (source / "model.safetensors.index.json").is_file()
    (source / "tokenizer.json").write_text((qwen_folder / "tokenizer.json").read_text())
    import_language_model(source, tmp_path / "out", pointers=64)
    for name, value in load_language_model(tmp_path / "out").state_dict().items():
        expected = model.state_dict()[name]
        assert torch.equal(value[: len(expected)], expected)
    next(source.glob("model-00002*")).unlink()
    assert refused(import_language_model, source, tmp_path / "half", 64).reason == "bad_weights"


def test_a_folder_with_a_pickle_alone_is_converted(qwen_folder, tmp_path):
    source = tmp_path / "old"
    source.mkdir()
    model = load_language_model(qwen_folder)
    torch.save(model.state_dict(), source / "pytorch_model.bin")
    for name in ("config.json", "tokenizer.json"):
        (source / name).write_text((qwen_folder / name).read_text())
    with pytest.raises(CheckpointError, match="bad_weights"):
        load_language_model(source)
    import_language_model(source, tmp_path / "out", pointers=64)
    converted = load_language_model(tmp_path / "out")
    assert torch.equal(converted.get_input_embeddings().weight[:272], model.get_input_embeddings().weight)


def test_a_language_model_s_folder_that_lacks_something_is_refused(qwen_folder, tmp_path):
    assert "it lacks config.json, tokenizer.json" in str(refused(import_language_model, tmp_path, tmp_path / "out"))
    (tmp_path / "taken").mkdir()
    assert refused(import_language_model, qwen_folder, tmp_path / "taken", 64).reason == "exists"
