"""Make a backup while the service runs: first the ledger, then the blobs that this copy of the ledger names.

A blob is stored before its event is recorded, so every blob that the copied ledger names is in the store. A purge waits
for the lock that is held here, so no blob is deleted meanwhile. In the opposite order, blobs received between the two
steps would be missing. The last step renames the snapshot's folder, which makes the snapshot complete.
"""

import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ingest import blobs
from ingest.durable import sync
from ingest.ledger.storage import snapshot as ledger_snapshot
from ingest.ledger.storage.snapshot import named_blobs
from ingest.pseudonyms import fingerprint_of
from ingest.settings import IngestSettings, blobs_of
from stack.addresses import NEO4J_PASSWORD, REDIS_PASSWORD
from stack.backup import files
from stack.backup.blob_copies import Copied, Done, copy_blobs
from stack.backup.checkpoints import keep_checkpoints
from stack.backup.errors import UnfitTargetError, written
from stack.backup.layout import (
    BLOB_LIST,
    LEDGER_FILES,
    MANIFEST,
    PART,
    SECRETS,
    BackupFolder,
    BlobFacts,
    FileFacts,
    LedgerFacts,
    Manifest,
    locked,
    readable_manifests,
    write_blob_list,
)
from stack.backup.retention import remove_blobs, remove_older, remove_parts
from stack.folder import DEMO_MARK
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


@dataclass(frozen=True, slots=True)
class FinishedBackup:
    """A finished backup: the copied blobs, the number of removed older snapshots, and the problems."""

    name: str
    manifest: Manifest
    copied: Copied
    removed: int
    problems: tuple[str, ...]


def make_backup(data: DataDir, folder: BackupFolder, keep: int, *, secrets: bool, done: Done) -> FinishedBackup:
    """Add a snapshot to the folder, and remove all but the latest `keep`. Services may run meanwhile.

    Raises UsageError if there is no ledger or the folder can't be used, OutageError if ledger or blobs do not
    respond, BackupError if something can't be written. After an error the folder is unchanged.
    """
    url = _ledger_url(data)
    folder.prepare(data.root)
    with locked(folder, exclusive=True):
        remove_parts(folder)
        began = datetime.now(UTC)
        name = f"{began:%Y%m%dT%H%M%S.%fZ}"
        part = folder.snapshots / f"{PART}{name}"
        with written("the backup"):
            part.mkdir(mode=0o700)
        try:
            manifest, copied, problems = _fill(part, folder, data, url, began, secrets=secrets, done=done)
            with written("the backup"):
                part.rename(folder.snapshots / name)
                sync(folder.snapshots)
                sync(folder.root)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        removed = remove_older(folder, name, keep)
        remove_blobs(folder)
    return FinishedBackup(name, manifest, copied, removed, tuple(problems))


def _ledger_url(data: DataDir) -> str:
    configured = IngestSettings().ledger_url
    if configured is None and not data.ledger_file.exists():
        raise UsageError(f"there is no ledger in {data.root}", "name its data folder with --data")
    return configured.get_secret_value() if configured else data.ledger_url


def _fill(
    part: Path, folder: BackupFolder, data: DataDir, url: str, began: datetime, *, secrets: bool, done: Done
) -> tuple[Manifest, Copied, list[str]]:
    source, target = blobs_of(data), blobs.open_blobs(folder.blob_url)
    blobs.sweep(target)
    with blobs.locked(source):
        ledger, wanted = _copy_ledger(part, folder, url)
        copied = copy_blobs(source, target, wanted, done)
    checkpoints, problems = keep_checkpoints(data, folder)
    problems += [f"the blob {key} is missing or damaged in the blob store" for key in copied.lost]
    with written("the backup"):
        write_blob_list(part / BLOB_LIST, wanted)
        if secrets:
            _copy_secrets(data, part / SECRETS)
        manifest = Manifest(
            version=version("vlmkg-service"),
            made_at=began,
            ledger=ledger,
            blobs=BlobFacts(count=len(wanted), bytes=sum(wanted.values()), lost=copied.lost),
            checkpoints=tuple(checkpoints),
            synthetic=(data.root / DEMO_MARK).exists(),
            files={path.relative_to(part).as_posix(): _facts(path) for path in part.rglob("*") if path.is_file()},
        )
        (part / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n")
        files.sync_tree(part)
    return manifest, copied, problems


def _copy_ledger(part: Path, folder: BackupFolder, url: str) -> tuple[LedgerFacts, dict[str, int]]:
    copying = part / "ledger"
    with ledger_snapshot.snapshot(url, copying) as connection:
        found = ledger_snapshot.contents(connection)
        fingerprint = fingerprint_of(connection)
        wanted = dict(named_blobs(connection))
    _require_same_ledger(folder, fingerprint)
    copying.rename(part / LEDGER_FILES[found.kind])
    facts = {name: value for name, value in asdict(found).items() if name != "schema"}
    return LedgerFacts(**facts, schema_name=found.schema, key_fingerprint=fingerprint), wanted


def _require_same_ledger(folder: BackupFolder, fingerprint: str | None) -> None:
    """Raise UnfitTargetError for backups of another ledger: retention would remove them."""
    known = {manifest.ledger.key_fingerprint for manifest in readable_manifests(folder)} - {None}
    if known - {fingerprint}:
        raise UnfitTargetError(f"{folder.root} holds backups of another ledger", "choose another folder")


def _copy_secrets(data: DataDir, target: Path) -> None:
    """Copy all secrets except the passwords of the local Neo4j and Redis, which are created again."""
    target.mkdir(mode=0o700)
    for secret in sorted(data.secrets.rglob("*")):
        place = secret.relative_to(data.secrets)
        if secret.is_file() and place.as_posix() not in {NEO4J_PASSWORD, REDIS_PASSWORD} and place.name[0] != ".":
            (target / place).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            files.copy(secret, target / place)


def _facts(path: Path) -> FileFacts:
    return FileFacts(sha256=files.sha256_of(path), size=path.stat().st_size)
