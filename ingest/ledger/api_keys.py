"""API keys: only their SHA-256 is kept. A key is 32 random bytes, so a fast hash is as good as a slow one."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ingest.ledger.database import Ledger


class Role(StrEnum):
    """What the bearer of a key may do; each role's rights are the API's business."""

    VIEWER = "viewer"
    RESEARCHER = "researcher"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whose key it is: `name` is what the audit trail shows."""

    name: str
    role: Role


def create(ledger: Ledger, name: str, role: Role) -> str:
    """Make a key. The return value is the only place where it ever stands."""
    raise NotImplementedError


def ensure_admin_key(ledger: Ledger, file: Path) -> str:
    """The admin key in `file` (readable by the owner alone), made at first start and known to the ledger."""
    raise NotImplementedError


def authenticate(ledger: Ledger, key: str) -> KeyHolder | None:
    """Whose key this is; None where the ledger does not know it."""
    raise NotImplementedError
