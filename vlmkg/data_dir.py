"""The data folder of a stack, with the addresses of its running parts.

DIR/run/endpoints.json   addresses and credentials of the running parts, readable only by the owner
DIR/run/lock             flock held by `vlmkg up`: if it is free, the file of addresses is from a dead stack
DIR/secrets/             generated passwords and keys, readable only by the owner; `api.key` is the stack's own
DIR/ledger.sqlite        the ledger, unless VLMKG_LEDGER_URL is set
DIR/blobs/               raw messages, unless VLMKG_BLOB_URL is set
DIR/neo4j/ DIR/redis/    homes of the child servers
DIR/logs/                output of the child processes
DIR/.restoring/          an unfinished `vlmkg restore`: not a data folder yet
"""

import fcntl
import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from vlmkg.errors import UsageError


class Endpoints(BaseModel):
    """The addresses of a running stack, from `DIR/run/endpoints.json`. Listeners (doors) that are not open are None."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: str | None = None
    graphql: str | None = None
    api: str | None = None
    bolt: str | None = None
    browser: str | None = None
    redis: str | None = None
    mllp: str | None = None
    dicom: str | None = None
    dicomweb: str | None = None
    fhir: str | None = None
    neo4j_username: str | None = None
    neo4j_password: str | None = None
    api_key: str | None = None


class DataDir:
    """Paths below one data folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.run = self.root / "run"
        self.endpoints_file = self.run / "endpoints.json"
        self.lock = self.run / "lock"
        self.secrets = self.root / "secrets"
        self.api_key_file = self.secrets / "api.key"
        self.logs = self.root / "logs"
        self.restoring = self.root / ".restoring"
        self.neo4j = self.root / "neo4j"
        self.redis = self.root / "redis"
        self.ledger_file = self.root / "ledger.sqlite"
        self.ledger_url = f"sqlite:///{self.ledger_file}"
        self.blob_url = f"file://{self.root / 'blobs'}"

    def endpoints(self) -> Endpoints | None:
        """The running stack's addresses; None if none is running, also if a killed one left its file behind.

        Raises UsageError if the file exists but is damaged.
        """
        if _lies_free(self.lock):
            return None
        try:
            raw = self.endpoints_file.read_text()
        except FileNotFoundError:
            return None
        try:
            return Endpoints.model_validate_json(raw)
        except ValidationError as error:
            message = f"{self.endpoints_file} is damaged: {error.error_count()} problems"
            raise UsageError(message, "stop the stack, remove this file and start the stack again") from error

    def require_whole(self) -> None:
        """Raise UsageError if a restore was interrupted, because the folder is incomplete."""
        if self.restoring.exists():
            raise UsageError(
                f"{self.root} is only partly restored from a backup", "empty this folder and run vlmkg restore again"
            )

    def require_endpoints(self) -> Endpoints:
        """The running stack's addresses. Raises UsageError, with how to start one, if none is running."""
        found = self.endpoints()
        if found is None:
            raise UsageError(f"no stack is running in {self.root}", f"start one: vlmkg up --data {self.root}")
        return found

    def write_endpoints(self, endpoints: Endpoints) -> None:
        """Write the addresses atomically, readable only by the owner."""
        self.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self.endpoints_file.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(endpoints.model_dump(exclude_none=True), file, indent=2)
        part.replace(self.endpoints_file)


def _lies_free(lock: Path) -> bool:
    """Whether the lock file exists and is free. A file of addresses without a lock file was written by hand."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True
