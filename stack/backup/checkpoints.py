"""Promoted checkpoints in a backup: their files are stored among the blobs, once for all snapshots."""

from collections.abc import Sequence
from pathlib import Path

from ingest.blobs import file_of
from stack.backup import files
from stack.backup.blob_copies import put_file
from stack.backup.errors import BackupError, written
from stack.backup.layout import BackupFolder, CheckpointFacts
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import MANIFEST_FILE, PROMOTION_FILE, describe
from vlmkg.checkpoint.promotion import current_folders, make_current
from vlmkg.data_dir import DataDir


def keep_checkpoints(data: DataDir, folder: BackupFolder) -> tuple[list[CheckpointFacts], list[str]]:
    """Store the checkpoints that were `model`, the current one last. Also returns sentences about failures."""
    kept: dict[str, CheckpointFacts] = {}
    problems: list[str] = []
    places = list(dict.fromkeys(reversed(current_folders(data))))
    for place in places:
        if place != places[0] and not place.exists():
            continue  # some of the earlier ones may have been deleted
        try:
            facts = _keep(place, folder)
        except CheckpointError as error:
            problems.append(str(error))
        else:
            kept.setdefault(facts.name, facts)
    return list(reversed(kept.values())), problems


def put_back_checkpoints(
    folder: BackupFolder, checkpoints: Sequence[CheckpointFacts], staging: DataDir, final: DataDir
) -> None:
    """Write the checkpoints into `staging`, which will be `final`. Raises BackupError if a file is damaged."""
    for facts in checkpoints:
        for place, digest in facts.files.items():
            target = staging.root / "checkpoints" / facts.name / place
            target.parent.mkdir(parents=True, exist_ok=True)
            _put_back(file_of(folder.blobs, digest), target, digest)
        make_current(final.root / "checkpoints" / facts.name, staging)


def _keep(place: Path, folder: BackupFolder) -> CheckpointFacts:
    verified = describe(place)
    listed = dict(verified.manifest.files)
    try:
        own = [name for name in (MANIFEST_FILE, PROMOTION_FILE) if (place / name).is_file()]
        digests = {**listed, **{name: files.sha256_of(place / name) for name in own}}
        missing = [name for name in digests if not (place / name).is_file()]
    except OSError as error:
        raise CheckpointError("missing_file", place, f"it can't be read ({error.strerror})") from None
    if missing:
        raise CheckpointError("missing_file", place, f"{missing[0]} is missing")
    for name, digest in digests.items():
        with written("a checkpoint's file"):
            if not put_file(folder.blobs, place / name, digest):
                raise CheckpointError("digest_mismatch", place, f"{name} does not have the digest of the manifest")
    return CheckpointFacts(name=f"{verified.manifest.name}-{verified.digest[:12]}", files=digests)


def _put_back(source: Path, target: Path, digest: str) -> None:
    if not source.is_file():
        raise BackupError(f"{source} is missing", "choose another snapshot: vlmkg backup verify lists the intact ones")
    with written("a checkpoint's file"):
        copied = files.copy(source, target)
    if copied != digest:
        raise BackupError(f"{source} is damaged", "choose another snapshot: vlmkg backup verify lists the intact ones")
