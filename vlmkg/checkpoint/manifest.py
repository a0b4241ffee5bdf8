"""The manifest of a checkpoint's folder, and the check of the folder against it. No torch.

manifest.json          the description, and the SHA-256 of every other file
language_model/        config.json, *.safetensors, tokenizer.json, codec.json
projector.safetensors  } in a checkpoint that reads films
vision/                } config.json, model.safetensors, guard.safetensors
text_witness/          config.json, model.safetensors, tokenizer.json, witness.json; in one with a third witness
promotion.json         written by `vlmkg checkpoint promote`; not named by the manifest
README.md              a card for people (`vlmkg checkpoint card`); not named by the manifest either
"""

import hashlib
import json
import re
import stat
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from vlmkg import linearization
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.evaluation import Digest, Evaluation
from vlmkg.engine_protocol import FilmDomain, Lead, Modality

MANIFEST_FILE, PROMOTION_FILE = "manifest.json", "promotion.json"
README_FILE = "README.md"
"""A card for people, which may be added and changed: it says nothing to the loader."""
_UNLISTED = {MANIFEST_FILE, PROMOTION_FILE, "promotion.part"}
LANGUAGE_MODEL, PROJECTOR_FILE, VISION = "language_model", "projector.safetensors", "vision"
TEXT_WITNESS = "text_witness"
ALLOWED_ENDINGS = frozenset({".safetensors", ".json", ".txt", ".md", ".jinja", ".model"})
"""Suffixes of files in a checkpoint. Opening one of these runs no code, unlike a pickle."""
PLACE = r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$"
Place = Annotated[str, StringConstraints(pattern=PLACE)]
"""A path below the folder: no name leads out of it, and backups can hold each."""
_LARGEST_MANIFEST = 4 * 1024 * 1024
_CHUNK = 1024 * 1024


class ModifyDirection(StrEnum):
    """From which end of `modify` to which edges point."""

    DESCRIBING_TO_DESCRIBED = "describing_to_described"
    """The direction of this project: readings of another are never mixed with it, nor promoted."""
    AS_PUBLISHED = "as_published"
    """As in RadGraph's published files, where two mentions of anatomy may be joined the other way round."""


class Manifest(BaseModel):
    """The description of a checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    format_version: Literal[1] = 1
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    """The name stored with every extraction: letters, digits, dot, dash, underscore."""
    model: dict[str, Any] | None
    """`vlmkg.model.config.ModelConfig`; None for a checkpoint that reads no films."""
    language_model: dict[str, Any]
    """`architecture`, `hidden_size`, `parameters`, `dtype`: checked against what is loaded."""
    whole_report: bool = False
    """Whether its training windows hold as many sentences as fit, not only a sentence and the one before it."""
    linearization_version: int
    modify_direction: ModifyDirection = ModifyDirection.DESCRIBING_TO_DESCRIBED
    """From which end of `modify` to which the edges point that it was trained on."""
    base_models: dict[str, str] = Field(default_factory=dict, exclude_if=lambda value: not value)
    """What it was made from: `language_model` and `vision`, each with the name that its config or folder bears."""
    modalities: tuple[Modality, ...]
    image_domain: FilmDomain | None
    """The films that it was trained on; None for a checkpoint that reads no films."""
    lead: Lead = Lead.NEVER
    """Where the model's reading of a text leads the rules'. Without the field: nowhere."""
    text_witness: bool = False
    """Whether an encoder labels the words in sentences where the model leads (`vlmkg.witnesses.text_witness`)."""
    data: dict[str, str]
    """The name and fingerprint of each training data set."""
    metrics: dict[str, float]
    """Figures measured before the manifest was written. Promotion ignores them and measures again."""
    evaluation: Evaluation | None = None
    """The evaluation that promotion runs. A checkpoint without one cannot be promoted."""
    licence: str
    files: dict[Place, Digest] = Field(min_length=1)
    """Path within the folder (with `/`) and SHA-256 of every file except the manifest and the promotion."""


class Verified(NamedTuple):
    """A folder whose files match its manifest. `digest` is the SHA-256 of the manifest's bytes."""

    folder: Path
    manifest: Manifest
    digest: str


def verify(folder: Path) -> Verified:
    """Check every file of the folder against the manifest. Raises CheckpointError at the first difference."""
    described = describe(folder)
    _check_files(folder, described.manifest)
    return described


def describe(folder: Path) -> Verified:
    """The folder's manifest. The other files are not verified: do not load them after this. Raises CheckpointError."""
    raw = _read_manifest(folder)
    manifest = _parse(folder, raw)
    _check_meaning(folder, manifest)
    return Verified(folder, manifest, hashlib.sha256(raw).hexdigest())


def write_manifest(folder: Path, **fields: Any) -> Verified:
    """Write the manifest of an otherwise complete folder; `fields` are those of Manifest without `files`.

    Every file gets the permissions of the manifest: safetensors lets only the owner read what it writes (0.8.0), and
    workers often run as another user. Raises CheckpointError if the folder holds a file that a checkpoint must not
    have.
    """
    files = {path: sha256_of(folder / path) for path in sorted(_found(folder))}
    fields.setdefault("linearization_version", linearization.VERSION)
    manifest = Manifest(files=files, **fields)
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, sort_keys=True)
    path = folder / MANIFEST_FILE
    path.write_text(text + "\n", encoding="utf-8")
    permissions = stat.S_IMODE(path.stat().st_mode)
    for file in (folder / name for name in files):
        if stat.S_IMODE(file.stat().st_mode) != permissions:
            file.chmod(permissions)
    return verify(folder)


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file, read in pieces."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            total.update(piece)
    return total.hexdigest()


def _read_manifest(folder: Path) -> bytes:
    path = folder / MANIFEST_FILE
    if path.exists() and not path.is_file():
        raise CheckpointError("odd_file", folder, f"{MANIFEST_FILE} is not a plain file")
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_MANIFEST + 1)
    except OSError as error:
        raise CheckpointError("no_manifest", folder, f"{MANIFEST_FILE} cannot be read: {error.strerror}") from error
    if len(raw) > _LARGEST_MANIFEST:
        raise CheckpointError("bad_manifest", folder, f"{MANIFEST_FILE} is too large for a manifest")
    return raw


def _parse(folder: Path, raw: bytes) -> Manifest:
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise CheckpointError("bad_manifest", folder, f"{MANIFEST_FILE}: {where}: {first['msg']}") from error


def _check_meaning(folder: Path, manifest: Manifest) -> None:
    if manifest.linearization_version != linearization.VERSION:
        detail = (
            f"it writes format {manifest.linearization_version}, but this release reads format {linearization.VERSION}"
        )
        raise CheckpointError("other_form", folder, detail)
    reads_films = Modality.IMAGE in manifest.modalities
    parts = (manifest.image_domain, manifest.model, manifest.files.get(PROJECTOR_FILE))
    vision = any(path.startswith(f"{VISION}/") for path in manifest.files)
    if {part is not None for part in parts} | {vision} != {reads_films}:
        detail = "image modality, image_domain, model, projector and vision must be given together"
        raise CheckpointError("bad_manifest", folder, detail)
    if any(path.startswith(f"{TEXT_WITNESS}/") for path in manifest.files) != manifest.text_witness:
        raise CheckpointError("bad_manifest", folder, "text_witness must be given together with its folder")


def _check_files(folder: Path, manifest: Manifest) -> None:
    found = _found(folder)
    for path in sorted(manifest.files.keys() ^ found):
        reason, what = ("missing_file", "is missing") if path in manifest.files else ("unknown_file", "is unknown")
        raise CheckpointError(reason, folder, f"{path} {what}")
    for path, digest in sorted(manifest.files.items()):
        if sha256_of(folder / path) != digest:
            raise CheckpointError("digest_mismatch", folder, f"{path} does not have the digest of the manifest")


def _found(folder: Path) -> set[str]:
    """The folder's files without manifest and promotion. Raises CheckpointError for links and forbidden kinds."""
    found = set()
    for path in folder.rglob("*"):
        place = PurePosixPath(path.relative_to(folder)).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise CheckpointError("odd_file", folder, f"{place} is not a plain file")
        if path.is_dir() or place in _UNLISTED or place == README_FILE:
            continue
        if not re.fullmatch(PLACE, place):
            raise CheckpointError(
                "odd_file", folder, f"{place!r}: names may have letters, digits, dot, dash, underscore"
            )
        if path.suffix not in ALLOWED_ENDINGS:
            raise CheckpointError("forbidden_file", folder, f"{place}: only safetensors and text files are allowed")
        found.add(place)
    return found
