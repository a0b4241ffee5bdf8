"""What a folder of backups holds.

FOLDER/lock                      flock: shared by who reads, exclusive to who writes
FOLDER/snapshots/TIME/           one backup; it has this name once it is whole
    manifest.json                its format, and the SHA-256 of every file
    ledger.sqlite|ledger.dump    the ledger
    blobs.txt                    key and size of every blob that this ledger names
    secrets/                     the keys of pseudonyms, of research copies, and the admin's API key
FOLDER/snapshots/.part-TIME/     one that is being made, or was given up
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

FORMAT = 2
MANIFEST, BLOB_LIST, SECRETS = "manifest.json", "blobs.txt", "secrets"
LEDGER_FILES = {"sqlite": "ledger.sqlite", "postgresql": "ledger.dump"}
PART = ".part-"

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""Of one file or folder: a manifest names no place above its own."""
Place = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$")]

_BLOB_LIST = TypeAdapter(dict[Digest, NonNegativeInt])


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileFacts(_Record):
    """A file of a snapshot's folder."""

    sha256: Digest
    size: int


class LedgerFacts(_Record):
    """What the ledger held: `migration` is the last one applied, `schema_name` PostgreSQL's.

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
    """The blobs that the ledger names. `lost` were missing or damaged where they should have been."""

    count: int
    bytes: int
    lost: tuple[Digest, ...]


class CheckpointFacts(_Record):
    """A promoted checkpoint: its place among those of the data folder, and the SHA-256 of each of its files."""

    name: Name
    files: dict[Place, Digest]


class Manifest(_Record):
    """What one backup is.

    `checkpoints` are in the order in which `model` stood for them, the present one last. `synthetic`: the demo's data.
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
        """How many messages the ledger knows."""
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
        """Make the folder where it is not there. Raises UnfitTargetError where it is for other things."""
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
        """The whole snapshots, the oldest first. Raises UnfitTargetError where the folder holds no backups."""
        if not self.snapshots.is_dir():
            raise UnfitTargetError(f"{self.root} holds no backups", "name the folder that was given to vlmkg backup")
        return sorted(path.name for path in self.snapshots.iterdir() if not path.name.startswith("."))

    def find(self, name: str | None) -> Path:
        """The snapshot of that name, or the latest. Raises UnfitTargetError where there is none."""
        names = self.names()
        if not names or name not in {None, *names}:
            raise UnfitTargetError(
                f"{self.root} has no snapshot {name or 'yet'}", f"there are: {', '.join(names) or 'none'}"
            )
        return self.snapshots / (name or names[-1])


@contextmanager
def locked(folder: BackupFolder, *, exclusive: bool) -> Iterator[None]:
    """Keep others from writing to the folder or, with `exclusive`, from reading it. Raises BusyBackupError at once.

    A folder that can't be written to and was never locked is read as it is: nobody else can write there either.
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
    """What a snapshot says of itself. Raises BackupError where it can't be read, or is of a newer format."""
    file = snapshot / MANIFEST
    try:
        raw = json.loads(file.read_bytes())
        form = raw["format"]
    except (OSError, ValueError, TypeError, KeyError):
        raise BackupError(f"{file} is missing or can't be read", "take another snapshot") from None
    if isinstance(form, int) and form > FORMAT:
        raise BackupError(
            f"{snapshot} is of format {form}, this version reads format {FORMAT}", "install the version that made it"
        )
    try:
        return Manifest.model_validate(raw)
    except ValidationError as error:
        raise BackupError(f"{file} is damaged: {error.error_count()} problems", "take another snapshot") from None


def readable_manifests(folder: BackupFolder) -> Iterator[Manifest]:
    """The manifests of all snapshots, the oldest first, as far as they can be read."""
    for name in folder.names():
        with suppress(BackupError):
            yield read_manifest(folder.snapshots / name)


def write_blob_list(file: Path, blobs: dict[str, int]) -> None:
    """Write keys and sizes, one blob a line."""
    file.write_text("".join(f"{key} {size}\n" for key, size in blobs.items()))


def read_blob_list(snapshot: Path) -> dict[str, int]:
    """Key and size of every blob that the snapshot's ledger names. Raises BackupError where the list is damaged."""
    file = snapshot / BLOB_LIST
    try:
        return _BLOB_LIST.validate_python(dict(line.split(" ") for line in file.read_text().splitlines()))
    except (OSError, ValueError):
        raise BackupError(f"{file} is missing or damaged", "take another snapshot") from None
