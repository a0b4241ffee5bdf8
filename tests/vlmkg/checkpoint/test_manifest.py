"""A checkpoint's folder against its manifest: every byte counts, and nothing else may stand there."""

import hashlib
import json
import pickle

import pytest

from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import MANIFEST_FILE, describe, verify
from vlmkg.engine_protocol import FilmDomain, Modality


def refused(folder, check=verify):
    with pytest.raises(CheckpointError) as caught:
        check(folder)
    return caught.value


def edited(folder, **fields):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    return folder


def test_a_whole_checkpoint_is_verified(whole):
    again = verify(whole.folder)
    assert again == whole
    assert again.digest == hashlib.sha256((whole.folder / "manifest.json").read_bytes()).hexdigest()
    assert again.manifest.modalities == (Modality.TEXT, Modality.IMAGE)
    assert again.manifest.image_domain is FilmDomain.SYNTHETIC
    assert {"projector.safetensors", "vision/model.safetensors", "language_model/model.safetensors"} <= set(
        again.manifest.files
    )


def test_whoever_may_read_the_manifest_may_read_every_file(whole):
    modes = {path: (whole.folder / path).stat().st_mode for path in ("manifest.json", *whole.manifest.files)}
    assert set(modes.values()) == {modes["manifest.json"]}


def test_one_changed_bit_in_any_file_is_seen(whole, copy):
    for name in whole.manifest.files:
        path = copy / name
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
        error = refused(copy)
        assert (error.reason, name in str(error)) == ("digest_mismatch", True)
        assert "copy the checkpoint again" in error.remedy
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
    assert verify(copy).digest == whole.digest


def test_a_missing_and_an_unknown_file_are_refused(copy):
    (copy / "language_model" / "notes.txt").write_text("hello")
    assert refused(copy).reason == "unknown_file"
    (copy / "language_model" / "notes.txt").unlink()
    (copy / "projector.safetensors").unlink()
    assert refused(copy).reason == "missing_file"


def test_a_pickle_is_refused_even_where_the_manifest_names_it(copy):
    raw = pickle.dumps({"weight": 1})
    (copy / "language_model" / "pytorch_model.bin").write_bytes(raw)
    files = {**json.loads((copy / "manifest.json").read_text())["files"]}
    files["language_model/pytorch_model.bin"] = hashlib.sha256(raw).hexdigest()
    error = refused(edited(copy, files=files))
    assert error.reason == "forbidden_file"
    assert "vlmkg checkpoint import" in error.remedy


def test_a_link_out_of_the_folder_is_refused(copy, whole):
    (copy / "projector.safetensors").unlink()
    (copy / "projector.safetensors").symlink_to(whole.folder / "projector.safetensors")
    assert refused(copy).reason == "odd_file"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"format_version": 2}, "bad_manifest"),
        ({"name": "../up"}, "bad_manifest"),
        ({"modify_direction": "described_to_describing"}, "bad_manifest"),
        ({"files": {"language_model/config.json": "abc"}}, "bad_manifest"),
        ({"surplus": 1}, "bad_manifest"),
        ({"linearization_version": 99}, "other_form"),
        ({"modalities": ["text"]}, "bad_manifest"),
        ({"image_domain": None}, "bad_manifest"),
        ({"model": None}, "bad_manifest"),
    ],
)
def test_a_manifest_that_means_nothing_here_is_refused(copy, fields, reason):
    assert refused(edited(copy, **fields)).reason == reason
    assert refused(copy, describe).reason == reason


def test_a_folder_without_a_readable_manifest_is_refused(tmp_path, copy):
    assert refused(tmp_path / "nowhere").reason == "no_manifest"
    (copy / "manifest.json").write_text("{")
    assert refused(copy).reason == "bad_manifest"
    (copy / "manifest.json").write_bytes(b" " * (4 * 1024 * 1024 + 1))
    assert refused(copy).reason == "bad_manifest"


@pytest.mark.parametrize(
    "place", ["../../etc/passwd", "/etc/passwd", "a b.txt", "language_model/.hidden.json", "a\n.txt"]
)
def test_a_manifest_names_nothing_outside_of_its_folder(copy, place):
    """Nor what a backup could not hold: each backup of the installation would fail."""
    path = copy / MANIFEST_FILE
    manifest = json.loads(path.read_text())
    manifest["files"][place] = "0" * 64
    path.write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="bad_manifest"):
        describe(copy)


def test_a_file_with_an_odd_name_is_refused(copy):
    (copy / "a b.txt").write_text("x")
    with pytest.raises(CheckpointError, match="odd_file"):
        verify(copy)
