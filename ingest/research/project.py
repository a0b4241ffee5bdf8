"""A project and the names that its copy gives: HMAC-SHA256 under a key that is this project's alone.

Without the key nobody can tell that a patient of one copy is one of the live graph or of another project's copy.
"""

import re
import secrets as random
from dataclasses import dataclass, field
from pathlib import Path

from ingest.secret_files import read_or_make
from vlmkg.errors import UsageError
from vlmkg.identity import pseudonym

FOLDER = "research"
"""Below DIR/secrets: one file a project."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Project:
    """A project's name and key."""

    name: str
    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """What tells two keys apart without telling either."""
        return pseudonym(self.key, "fingerprint")

    def name_of(self, kind: str, identity: str) -> str:
        """The name in the copy of what the live graph calls `identity`."""
        return pseudonym(self.key, kind, identity)

    def uid_of(self, uid: str) -> str:
        """The UID that stands for a DICOM UID: `2.25.` and a number (PS3.5 B.2). The same UID, the same one."""
        return f"2.25.{self.number('uid', uid) >> 128}"

    def number(self, kind: str, identity: str) -> int:
        """256 bits that nobody without the key can tell from chance, the same for the same `identity`."""
        return int(pseudonym(self.key, kind, identity), 16)


def open_project(name: str, secrets: Path) -> Project:
    """The project, its key made at first use in SECRETS/research/NAME.key. Raises UsageError for an unfit name."""
    if _NAME.fullmatch(name) is None:
        message = f"{name!r} is not a valid project name"
        raise UsageError(message, "use at most 40 lower-case letters, digits and -")
    folder = secrets / FOLDER
    key = read_or_make(folder / f"{name}.key", lambda: random.token_hex(32))
    return Project(name, key.encode())
