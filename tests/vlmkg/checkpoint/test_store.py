"""Writing and loading: what comes back is what was written, and nothing loads that does not fit."""

import json
import os
from copy import deepcopy

import pytest
import torch
from safetensors.torch import load_file, save_file

from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import MANIFEST_FILE, sha256_of
from vlmkg.checkpoint.store import Parts, load_checkpoint, save_checkpoint
from vlmkg.engine_protocol import FilmDomain, Lead, Modality
from vlmkg.errors import RefusedError


@pytest.fixture(scope="module")
def loaded(whole):
    return load_checkpoint(whole.folder)


def resealed(folder):
    """A folder whose manifest names the files as they are now: damage before the seal, not after."""
    path = folder / MANIFEST_FILE
    manifest = json.loads(path.read_text())
    manifest["files"] = {name: sha256_of(folder / name) for name in manifest["files"]}
    path.write_text(json.dumps(manifest))
    return folder


def refused(folder):
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(resealed(folder))
    return caught.value


def test_the_same_seed_writes_the_same_checkpoint_and_another_does_not(whole, tmp_path):
    assert tiny.make(tmp_path / "again").digest == whole.digest
    assert tiny.make(tmp_path / "other", seed=1).digest != whole.digest


def test_what_is_loaded_can_be_written_again_to_the_last_bit(loaded, whole, tmp_path):
    again = save_checkpoint(
        tmp_path / "again",
        Parts(loaded.network, loaded.codec, loaded.config, loaded.vision),
        name="tiny-random",
        modalities=(Modality.TEXT, Modality.IMAGE),
        image_domain=FilmDomain.SYNTHETIC,
        lead=Lead.ALWAYS,
        data={"none": "random weights"},
        metrics={},
        licence="Apache-2.0",
    )
    assert again.digest == whole.digest
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_a_loaded_checkpoint_is_ready_to_read(loaded):
    assert not loaded.network.training
    assert not loaded.vision.module.training
    assert loaded.config.prefix_length == 4
    prefix, _ = loaded.network.prefix(torch.randn(1, 2, 512), torch.tensor([2]))
    assert prefix.shape == (1, 8, tiny.HIDDEN_SIZE)
    assert loaded.codec.vocabulary_size == loaded.network.language_model.get_input_embeddings().num_embeddings


def test_a_checkpoint_that_reads_text_alone_has_neither_projector_nor_encoder(tmp_path):
    verified = tiny.make(tmp_path / "text", image_domain=None)
    loaded = load_checkpoint(verified.folder)
    assert (loaded.network.projector, loaded.vision, loaded.config) == (None, None, None)
    assert verified.manifest.modalities == (Modality.TEXT,)
    assert all(name.startswith("language_model/") for name in verified.manifest.files)


def test_nothing_is_overwritten_and_nothing_half_written_stays(loaded, copy, tmp_path):
    parts = Parts(loaded.network, loaded.codec, loaded.config, loaded.vision)
    with pytest.raises(CheckpointError, match="exists"):
        save_checkpoint(copy, parts)
    with pytest.raises(ValueError, match="licence"):
        save_checkpoint(tmp_path / "half", parts, name="half")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy"]


@pytest.mark.parametrize("part", ["projector", "language_model/model", "vision/model"])
def test_weights_that_are_missing_left_over_or_of_another_shape_are_refused(copy, part):
    part = f"{part}.safetensors"
    weights = load_file(copy / part)
    name = next(one for one in sorted(weights) if weights[one].ndim > 1)
    for changed in (
        {key: value for key, value in weights.items() if key != name},
        {**weights, "surplus": torch.zeros(2)},
        {**weights, name: torch.zeros(3, 3)},
    ):
        save_file(changed, copy / part, metadata={"format": "pt"})
        with pytest.raises(RefusedError, match=r"not fit|not a causal language model"):
            load_checkpoint(resealed(copy))


def test_a_file_that_is_no_safetensors_is_refused(copy):
    (copy / "language_model" / "model.safetensors").write_bytes(b"\x80\x04pickle")
    error = refused(copy)
    assert error.reason == "bad_weights"


def test_a_language_model_other_than_the_manifest_s_is_refused(copy):
    path = copy / MANIFEST_FILE
    manifest = json.loads(path.read_text())
    manifest["language_model"]["parameters"] += 1
    path.write_text(json.dumps(manifest))
    assert refused(copy).reason == "bad_weights"


def test_code_in_a_checkpoint_is_never_run(copy):
    config = copy / "language_model" / "config.json"
    text = json.loads(config.read_text())
    text["model_type"], text["auto_map"] = "ours", {"AutoModelForCausalLM": "evil.Model", "AutoConfig": "evil.Config"}
    config.write_text(json.dumps(text))
    assert refused(copy).reason == "bad_weights"


def test_loading_verifies_first(copy):
    (copy / "projector.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="digest_mismatch"):
        load_checkpoint(copy)


def test_weights_stored_in_halves_are_computed_in_float32_on_a_cpu(loaded, tmp_path):
    network = deepcopy(loaded.network).to(torch.bfloat16)
    facts = loaded.manifest.model_dump(include={"name", "modalities", "image_domain", "data", "metrics", "licence"})
    save_checkpoint(tmp_path / "halves", Parts(network, loaded.codec, loaded.config, loaded.vision), **facts)
    again = load_checkpoint(tmp_path / "halves")
    assert load_file(tmp_path / "halves" / "projector.safetensors")["prefix"].dtype is torch.bfloat16
    assert again.manifest.language_model["dtype"] == "bfloat16"
    for kept, whole in zip(again.network.parameters(), loaded.network.parameters(), strict=True):
        assert kept.dtype is torch.float32
        assert torch.equal(kept, whole.to(torch.bfloat16).float())


CONFIGS = {
    "code beside the weights": {"auto_map": {"AutoModelForCausalLM": "evil.Model"}},
    "kernels of a hub": {"_attn_implementation": "someone/kernel"},
    "kernels within a part": {"text_config": {"experts_implementation": "someone/kernel"}},
    "a quantiser": {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}},
    "a size of no kind": {"hidden_size": None},
    "a count of no kind": {"num_hidden_layers": "two"},
}


@pytest.mark.parametrize("change", CONFIGS.values(), ids=CONFIGS)
def test_a_config_that_leads_elsewhere_or_nowhere_is_refused(copy, change):
    path = copy / "language_model" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert refused(copy).reason == "bad_weights"


@pytest.mark.parametrize("name", ["tokenizer.json", "codec.json", "config.json"])
@pytest.mark.parametrize("content", ["[1]", "{}", "{", "[" * 100_000])
def test_a_file_of_another_form_is_refused(copy, name, content):
    (copy / "language_model" / name).write_text(content)
    with pytest.raises(RefusedError):
        load_checkpoint(resealed(copy))


def test_a_manifest_that_is_a_pipe_does_not_hold_up(copy):
    (copy / MANIFEST_FILE).unlink()
    os.mkfifo(copy / MANIFEST_FILE)
    with pytest.raises(CheckpointError, match="not a plain file"):
        load_checkpoint(copy)
