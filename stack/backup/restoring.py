"""Restore a data folder from a backup. Files are written to DIR/.restoring and moved when all are durable."""

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest import blobs
from ingest.durable import sync
from ingest.ledger.events.claims import release_all
from ingest.ledger.storage import migrate, postgres_dump
from ingest.ledger.storage.database import open_as_it_is, parse_url
from ingest.pseudonyms import KEY_FILE
from ingest.settings import IngestSettings
from stack.backup import files
from stack.backup.blob_copies import Copied, Done, copy_blobs
from stack.backup.checkpoints import put_back_checkpoints
from stack.backup.errors import BackupError, UnfitTargetError, written
from stack.backup.layout import BLOB_LIST, SECRETS, BackupFolder, Manifest, locked, read_blob_list, read_manifest
from stack.folder import DEMO_MARK
from vlmkg.data_dir import DataDir


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore. `copied.lost` are the blobs that could not be restored.

    `has_key`: the key of pseudonyms is in the folder, or set.
    """

    name: str
    manifest: Manifest
    copied: Copied
    has_key: bool


def restore_backup(folder: BackupFolder, name: str | None, data: DataDir, done: Done) -> Restored:
    """Restore the data folder from a snapshot, or the latest. The settings decide where ledger and blobs go.

    Raises UsageError if the data folder or the ledger is not empty, BackupError if the snapshot is damaged or
    newer than this version, or something can't be written. After an error the folder is empty again.
    """
    with locked(folder, exclusive=False):
        snapshot = folder.find(name)
        manifest = read_manifest(snapshot)
        _require_known(manifest)
        _require_good(snapshot, manifest)
        _require_empty(data.root)
        ledger = _ledger_place(manifest, data)
        with written(str(data.root)):
            data.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            data.root.chmod(0o700)
            data.restoring.mkdir(mode=0o700)
        try:
            copied = _stage(folder, snapshot, manifest, data, ledger, done)
        except BaseException:
            shutil.rmtree(data.restoring, ignore_errors=True)
            raise
        with written(str(data.root)):
            _settle(data)
        has_key = IngestSettings().pseudonym_key is not None or (data.secrets / KEY_FILE).exists()
        return Restored(snapshot.name, manifest, copied, has_key)


def _require_known(manifest: Manifest) -> None:
    if manifest.ledger.migration not in {migration.name for migration in migrate.shipped()}:
        raise BackupError(
            f"the ledger is from the newer version {manifest.version}: it has the migration "
            f"{manifest.ledger.migration}",
            "install that version or a later one",
        )


def _require_good(snapshot: Path, manifest: Manifest) -> None:
    """Check all files except the ledger's, which is checked while it is copied."""
    for name in (manifest.ledger_file, BLOB_LIST):
        if name not in manifest.files or not (snapshot / name).is_file():
            raise _damaged(snapshot / name)
    for name, facts in manifest.files.items():
        file = snapshot / name
        if name != manifest.ledger_file and (not file.is_file() or files.sha256_of(file) != facts.sha256):
            raise _damaged(file)


def _ledger_place(manifest: Manifest, data: DataDir) -> Path | str:
    """The new ledger's file, or the URL of its database. Raises UsageError if the file exists."""
    configured = IngestSettings().ledger_url
    url = configured.get_secret_value() if configured else data.ledger_url
    kind = parse_url(url).get_backend_name()
    if kind != manifest.ledger.kind:
        where = "VLMKG_LEDGER_URL names" if configured else "without VLMKG_LEDGER_URL the target is"
        raise UnfitTargetError(
            f"the backup has a {manifest.ledger.kind} ledger, but {where} {kind}",
            "set VLMKG_LEDGER_URL to an empty database" if kind == "sqlite" else "unset VLMKG_LEDGER_URL",
        )
    if kind == "postgresql":
        return url
    file = Path(parse_url(url).database or "").absolute()
    if file.exists():
        raise UnfitTargetError(f"{file} already exists", "move it away: restore overwrites no ledger")
    return file


def _require_empty(root: Path) -> None:
    if root.is_dir() and any(root.iterdir()):
        raise UnfitTargetError(f"{root} is not empty", "choose another folder with --data, or empty this one")


def _stage(
    folder: BackupFolder, snapshot: Path, manifest: Manifest, data: DataDir, ledger: Path | str, done: Done
) -> Copied:
    staging = DataDir(data.restoring)
    target = blobs.open_blobs(IngestSettings().blob_url or staging.blob_url)
    copied = copy_blobs(blobs.open_blobs(folder.blob_url), target, read_blob_list(snapshot), done)
    with written(str(data.root)):
        put_back_checkpoints(folder, manifest.checkpoints, staging, data)
        for name in manifest.files:
            if name.startswith(f"{SECRETS}/"):
                (staging.root / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                files.copy(snapshot / name, staging.root / name)
        if manifest.synthetic:
            (staging.root / DEMO_MARK).touch()
        _put_back_ledger(snapshot, manifest, staging, data, ledger)
        files.sync_tree(staging.root)
    return copied


def _put_back_ledger(snapshot: Path, manifest: Manifest, staging: DataDir, data: DataDir, ledger: Path | str) -> None:
    source = snapshot / manifest.ledger_file
    if isinstance(ledger, str):
        if files.sha256_of(source) != manifest.files[manifest.ledger_file].sha256:
            raise _damaged(source)
        postgres_dump.load(ledger, source, manifest.ledger.schema_name or "public")
        _release_claims(ledger)
        return
    target = staging.ledger_file if ledger == data.ledger_file else ledger.with_name(f".{ledger.name}.restoring")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    if files.copy(source, target) != manifest.files[manifest.ledger_file].sha256:
        target.unlink()
        raise _damaged(source)
    _release_claims(f"sqlite:///{target}")
    if target != staging.ledger_file:
        target.rename(ledger)
        sync(ledger.parent)


def _release_claims(url: str) -> None:
    """Release the claims of workers that ran during the backup, without counting a failure."""
    with closing(open_as_it_is(url, pool_size=1)) as ledger:
        release_all(ledger)


def _settle(data: DataDir) -> None:
    """Move everything into place. While `.restoring` exists, no command accepts the folder as a data folder."""
    for path in sorted(data.restoring.iterdir()):
        path.rename(data.root / path.name)
    sync(data.root)
    data.restoring.rmdir()
    sync(data.root)


def _damaged(file: Path) -> BackupError:
    return BackupError(f"{file} is missing or damaged", "choose another: vlmkg backup verify lists the intact ones")
