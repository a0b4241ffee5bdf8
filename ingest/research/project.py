"""A project and the pseudonyms of its copy: HMAC-SHA256 under the project's own key.

Without the key a patient of the copy can't be linked to one of the live graph or of another project's copy.
"""

import re
import secrets as random
from dataclasses import dataclass, field
from pathlib import Path

from ingest.secret_files import read_or_make
from vlmkg.errors import UsageError
from vlmkg.identity import pseudonym

FOLDER = "research"
"""In DIR/secrets: one file per project."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Project:
    """A project's name and key."""

    name: str
    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the key, which does not reveal it."""
        return pseudonym(self.key, "fingerprint")

    def name_of(self, kind: str, identity: str) -> str:
        """The copy's pseudonym for `identity` of the live graph."""
        return pseudonym(self.key, kind, identity)

    def uid_of(self, uid: str) -> str:
        """The copy's UID for a DICOM UID: `2.25.` and a number (PS3.5 B.2). The same input gives the same UID."""
        return f"2.25.{self.number('uid', uid) >> 128}"

    def number(self, kind: str, identity: str) -> int:
        """256 bits that look random without the key, the same for the same `identity`."""
        return int(pseudonym(self.key, kind, identity), 16)


def open_project(name: str, secrets: Path) -> Project:
    """The project.

    Its key is created at first use in SECRETS/research/NAME.key. Raises UsageError for an invalid name.
    """
    if _NAME.fullmatch(name) is None:
        message = f"{name!r} is not a valid project name"
        raise UsageError(message, "use at most 40 lower-case letters, digits and -")
    folder = secrets / FOLDER
    key = read_or_make(folder / f"{name}.key", lambda: random.token_hex(32))
    return Project(name, key.encode())
