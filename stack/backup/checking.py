"""Checking backups: every file against its digest, the ledger itself, and that every message is there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.blobs import file_of
from ingest.ledger.storage import postgres_dump
from ingest.ledger.storage.snapshot import problems_of
from ingest.pseudonyms import KEY_FILE, fingerprint
from stack.backup import files
from stack.backup.errors import BackupError
from stack.backup.layout import MANIFEST, SECRETS, BackupFolder, Manifest, read_blob_list, read_manifest


@dataclass(frozen=True, slots=True)
class Checked:
    """One snapshot. `problems` are sentences; none if it is intact. `manifest` is None if it can't be read."""

    name: str
    manifest: Manifest | None
    problems: tuple[str, ...]


def check(folder: BackupFolder, names: list[str]) -> Iterator[Checked]:
    """Check these snapshots; a blob that several name is read once."""
    known: dict[str, str | None] = {}
    for name in names:
        snapshot = folder.snapshots / name
        try:
            manifest = read_manifest(snapshot)
            wanted = read_blob_list(snapshot)
        except BackupError as error:
            yield Checked(name, None, (str(error),))
            continue
        keys = [*wanted, *(key for one in manifest.checkpoints for key in one.files.values())]
        for key in keys:
            if key not in known:
                known[key] = _blob_problem(folder, key)
        found = [
            *_files(snapshot, manifest),
            *(problem for key in dict.fromkeys(keys) if (problem := known[key])),
            *_ledger(snapshot, manifest, wanted),
            *_key(snapshot, manifest),
        ]
        yield Checked(name, manifest, tuple(found))


def _blob_problem(folder: BackupFolder, key: str) -> str | None:
    file = file_of(folder.blobs, key)
    try:
        return None if files.sha256_of(file) == key else f"{file} is damaged: remove it and run the backup again"
    except OSError as error:
        return f"{file} can't be read ({error.strerror}): run the backup again"


def _files(snapshot: Path, manifest: Manifest) -> Iterator[str]:
    there = {path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()} - {MANIFEST}
    yield from (f"{snapshot / name} is not in the manifest" for name in sorted(there - manifest.files.keys()))
    for name, facts in manifest.files.items():
        file = snapshot / name
        try:
            if files.sha256_of(file) != facts.sha256:
                yield f"{file} is damaged"
        except OSError as error:
            yield f"{file} can't be read ({error.strerror})"


def _ledger(snapshot: Path, manifest: Manifest, wanted: dict[str, int]) -> Iterator[str]:
    file = snapshot / manifest.ledger_file
    if not file.is_file():
        return  # reported by _files
    if manifest.ledger.kind == "sqlite":
        yield from problems_of(file, wanted)
    elif postgres_dump.readable(file) is False:
        yield f"{file} is not a dump that pg_restore can read"


def _key(snapshot: Path, manifest: Manifest) -> Iterator[str]:
    file = snapshot / SECRETS / KEY_FILE
    expected = manifest.ledger.key_fingerprint
    if expected and file.is_file() and fingerprint(file.read_text().strip().encode()) != expected:
        yield f"{file} is not the pseudonym key of this ledger"
