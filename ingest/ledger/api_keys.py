"""API keys: only their SHA-256 is kept. A key is 32 random bytes, so a fast hash is as good as a slow one."""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from sqlalchemy import bindparam, select

from ingest.ledger.database import Ledger, insert, now
from ingest.ledger.tables import api_keys
from ingest.secret_files import read_or_make

_BY_HASH = select(api_keys).where(api_keys.c.key_hash == bindparam("hash"))

PREFIX = "vlmkg_"
"""What every key begins with, so that a leaked one is found by searching for it."""


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
    key = _new_key()
    _store(ledger, key, name, role)
    return key


def ensure_admin_key(ledger: Ledger, file: Path) -> str:
    """The admin key in `file` (readable by the owner alone), made at first start and known to the ledger."""
    key = read_or_make(file, _new_key)
    _store(ledger, key, "admin", Role.ADMIN)
    return key


def authenticate(ledger: Ledger, key: str) -> KeyHolder | None:
    """Whose key this is; None where the ledger does not know it."""
    with ledger.read() as connection:
        row = connection.execute(_BY_HASH, {"hash": _hash(key)}).first()
    return KeyHolder(row.name, Role(row.role)) if row else None


def _store(ledger: Ledger, key: str, name: str, role: Role) -> None:
    with ledger.write() as connection:
        row = {"key_hash": _hash(key), "name": name, "role": role, "created_at": now(connection)}
        connection.execute(insert(connection, api_keys).on_conflict_do_nothing(), row)


def _new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()
