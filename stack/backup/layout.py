"""The layout of a folder of backups.

FOLDER/lock                      flock: shared for reading, exclusive for writing
FOLDER/snapshots/TIME/           one backup; it gets this name when it is complete
    manifest.json                its format, and the SHA-256 of every file
    ledger.sqlite|ledger.dump    the ledger
    blobs.txt                    key and size of every blob that this ledger names
    secrets/                     the keys of pseudonyms, of research copies, and the admin's API key
FOLDER/snapshots/.part-TIME/     an unfinished backup
FOLDER/blobs/                    the blobs and the checkpoints' files of all snapshots, by SHA-256
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeInt, StringConstraints, TypeAdapter, ValidationError

from stack.backup.errors import BackupError, BusyBackupError, UnfitTargetError
from vlmkg.checkpoint.manifest import Place

FORMAT = 2
MANIFEST, BLOB_LIST, SECRETS = "manifest.json", "blobs.txt", "secrets"
LEDGER_FILES = {"sqlite": "ledger.sqlite", "postgresql": "ledger.dump"}
PART = ".part-"

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""The name of a file or folder: a manifest can't name a path outside its own folder."""

_BLOB_LIST = TypeAdapter(dict[Digest, NonNegativeInt])


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileFacts(_Record):
    """A file of a snapshot's folder."""

    sha256: Digest
    size: int


class LedgerFacts(_Record):
    """Facts of the ledger: `migration` is the last one applied, `schema_name` the PostgreSQL schema.

    `audit_entry` and `audit_hash` are the last entry of the audit trail and its hash, for `vlmkg audit verify`; None in
    format 1, and where no entry had a hash.
    """

    kind: Literal["sqlite", "postgresql"]
    schema_name: str | None
    migration: str
    states: dict[str, int]
    patients: int
    key_fingerprint: str | None
    audit_entry: int | None = None
    audit_hash: Digest | None = None


class BlobFacts(_Record):
    """The blobs that the ledger names. `lost` were missing or damaged in the blob store."""

    count: int
    bytes: int
    lost: tuple[Digest, ...]


class CheckpointFacts(_Record):
    """A promoted checkpoint: its folder name in the data folder, and the SHA-256 of each file."""

    name: Name
    files: dict[Place, Digest]


class Manifest(_Record):
    """The manifest of one backup.

    `checkpoints` are in the order in which they were `model`, the current one last. `synthetic`: the demo's data.
    """

    format: Literal[1, 2] = 2
    version: str
    made_at: datetime
    ledger: LedgerFacts
    blobs: BlobFacts
    checkpoints: tuple[CheckpointFacts, ...]
    synthetic: bool
    files: dict[Place, FileFacts]

    @property
    def ledger_file(self) -> str:
        """The name of the ledger's file."""
        return LEDGER_FILES[self.ledger.kind]

    @property
    def events(self) -> int:
        """The number of events in the ledger."""
        return sum(self.ledger.states.values())


class BackupFolder:
    """Paths below one folder of backups."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.lock = self.root / "lock"
        self.snapshots = self.root / "snapshots"
        self.blobs = self.root / "blobs"
        self.blob_url = f"file://{self.blobs}"

    def prepare(self, data: Path) -> None:
        """Create the folder if it is missing. Raises UnfitTargetError if it has other content."""
        if self.root.is_relative_to(data):
            raise UnfitTargetError(f"{self.root} is inside the data folder", "choose a folder on another disk")
        if self.root.is_dir() and any(self.root.iterdir()) and not self.snapshots.is_dir():
            raise UnfitTargetError(f"{self.root} is not empty and holds no backups", "choose another folder")
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.root.chmod(0o700)
            self.snapshots.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise UnfitTargetError(f"{self.root} can't be used ({error.strerror})", "choose another folder") from None

    def names(self) -> list[str]:
        """The complete snapshots, oldest first. Raises UnfitTargetError if the folder holds no backups."""
        if not self.snapshots.is_dir():
            raise UnfitTargetError(f"{self.root} holds no backups", "name the folder that was given to vlmkg backup")
        return sorted(path.name for path in self.snapshots.iterdir() if not path.name.startswith("."))

    def find(self, name: str | None) -> Path:
        """The snapshot of that name, or the latest. Raises UnfitTargetError if there is none."""
        names = self.names()
        if not names or name not in {None, *names}:
            wanted = f"no snapshot {name}" if name else "no snapshots"
            remedy = f"choose one of: {', '.join(names)}" if names else "run vlmkg backup first"
            raise UnfitTargetError(f"{self.root} has {wanted}", remedy)
        return self.snapshots / (name or names[-1])


@contextmanager
def locked(folder: BackupFolder, *, exclusive: bool) -> Iterator[None]:
    """Lock the folder for reading or, with `exclusive`, for writing. Raises BusyBackupError at once if that is
    impossible.

    A read-only folder that was never locked is read without a lock: nobody can write to it.
    """
    try:
        handle = os.open(folder.lock, os.O_RDWR | os.O_CREAT if exclusive else os.O_RDONLY, 0o600)
    except OSError:
        if exclusive:
            raise
        yield
        return
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BusyBackupError(folder.root) from None
    finally:
        os.close(handle)


def read_manifest(snapshot: Path) -> Manifest:
    """The manifest of a snapshot. Raises BackupError if it can't be read or has a newer format."""
    file = snapshot / MANIFEST
    try:
        raw = json.loads(file.read_bytes())
        form = raw["format"]
    except (OSError, ValueError, TypeError, KeyError):
        raise BackupError(f"{file} is missing or can't be read", "choose another snapshot") from None
    if isinstance(form, int) and form > FORMAT:
        raise BackupError(
            f"{snapshot} has format {form}, but this version reads format {FORMAT}",
            "install the version that created it",
        )
    try:
        return Manifest.model_validate(raw)
    except ValidationError as error:
        raise BackupError(f"{file} is damaged: {error.error_count()} problems", "choose another snapshot") from None


def readable_manifests(folder: BackupFolder) -> Iterator[Manifest]:
    """The readable manifests of all snapshots, oldest first."""
    for name in folder.names():
        with suppress(BackupError):
            yield read_manifest(folder.snapshots / name)


def write_blob_list(file: Path, blobs: dict[str, int]) -> None:
    """Write keys and sizes, one blob per line."""
    file.write_text("".join(f"{key} {size}\n" for key, size in blobs.items()))


def read_blob_list(snapshot: Path) -> dict[str, int]:
    """Key and size of every blob that the snapshot's ledger names. Raises BackupError if the list is damaged."""
    file = snapshot / BLOB_LIST
    try:
        return _BLOB_LIST.validate_python(dict(line.split(" ") for line in file.read_text().splitlines()))
    except (OSError, ValueError):
        raise BackupError(f"{file} is missing or damaged", "choose another snapshot") from None
