"""`vlmkg checkpoint`: what an operator sees, by exit code and by word."""

import json
import subprocess
import sys

import pytest
import torch
from click.testing import CliRunner

from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.promotion import make_current
from vlmkg.cli import vlmkg
from vlmkg.data_dir import DataDir


def run(*arguments):
    result = CliRunner().invoke(vlmkg, ["checkpoint", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_help_lists_every_command():
    assert all(name in run("--help") for name in ("list", "verify", "promote", "import"))


def test_verify_says_what_a_checkpoint_is(whole):
    facts = json.loads(run("verify", whole.folder, "--json"))
    assert (facts["name"], facts["digest"], facts["promoted"]) == ("tiny-random", whole.digest, False)
    assert (facts["modalities"], facts["image_domain"]) == (["text", "image"], "synthetic")
    assert "relation_f1 was not measured" in facts["gate"]
    assert f"digest        {whole.digest}" in run("verify", whole.folder)


def test_list_says_what_was_promoted(whole, tmp_path, no_shipped_checkpoint):
    good = tiny.make(tmp_path / "data" / "checkpoints" / "good", name="good", image_domain=None, promoted=True)
    later = tiny.make(tmp_path / "later", name="later", image_domain=None, promoted=True, seed=1)
    data = ("--data", tmp_path / "data")
    for one in (good, later):
        make_current(one.folder, DataDir(tmp_path / "data"))
    rows = [json.loads(line) for line in run("list", whole.folder, *data, "--json").splitlines()]
    assert [(row["name"], row["state"]) for row in rows] == [
        ("good", "promoted"),
        ("later", "current"),
        ("tiny-random", "not promoted"),
    ]
    (good.folder / "manifest.json").write_text("{}")
    first = json.loads(run("list", *data, "--json").splitlines()[0])
    assert (first["name"], first["state"]) == ("good", "bad_manifest")
    assert "current" in run("list", *data)


def test_a_checkpoint_without_an_evaluation_is_refused_whatever_it_says_of_itself(tmp_path):
    boasting = tiny.make(tmp_path / "tiny", image_domain=None, promoted=True)
    (boasting.folder / "promotion.json").unlink()
    with pytest.raises(CheckpointError, match="no_evaluation") as caught:
        run("promote", boasting.folder, "--data", tmp_path / "data")
    assert "vlmkg train measure" in caught.value.remedy


def test_the_import_commands_write_parts_and_refuse_other_layouts(tmp_path):
    for name in ("qwen", "medclip", "biomedclip"):
        (tmp_path / name).mkdir()
        with pytest.raises(CheckpointError, match="wrong_layout"):
            run("import", name, tmp_path / name, tmp_path / "out")
    encoder = {"vision_model.projection_head.weight": torch.zeros(2, 2)}
    torch.save(encoder, tmp_path / "medclip" / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="Swin"):
        run("import", "medclip", tmp_path / "medclip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_checkpoint_is_a_sentence_and_a_remedy_not_a_trace(copy):
    (copy / "projector.safetensors").write_bytes(b"damaged")
    call = [sys.executable, "-m", "vlmkg", "checkpoint", "verify", str(copy)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "digest_mismatch" in done.stderr
    assert "copy the checkpoint again" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_torch_is_needed_to_verify_promote_and_list(whole):
    script = (
        "import sys\nfrom click.testing import CliRunner\nfrom vlmkg.cli import vlmkg\n"
        f"result = CliRunner().invoke(vlmkg, ['checkpoint', 'verify', {str(whole.folder)!r}])\n"
        "assert result.exit_code == 0, result.output\n"
        "assert not {'torch', 'transformers', 'safetensors'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
