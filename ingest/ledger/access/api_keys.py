"""API keys: only their SHA-256 is kept. A key is 32 random bytes, so a fast hash is as good as a slow one."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, bindparam, or_, select, text, update

from ingest.ledger.storage.database import Ledger, insert, now
from ingest.ledger.storage.tables import api_keys
from ingest.secret_files import read_or_make, replace
from vlmkg.errors import RefusedError, UsageError

PREFIX = "vlmkg_"
"""The prefix of every key, so that leaked keys can be searched for."""

USE_NOTED_EVERY = timedelta(minutes=10)
"""Precision of a key's last use. A write for each request would cost more than most queries."""

FIRST_KEY_LOCK = 0x564C4D51
"""The PostgreSQL advisory lock under which the first admin key is made."""

_ID_LENGTH = 12
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@ -]{0,62}[A-Za-z0-9]|[A-Za-z0-9]")
"""A name can't look like another kind of actor in the audit trail, such as `cli:root`."""

_BY_HASH = select(api_keys).where(api_keys.c.key_hash == bindparam("hash"))
_NOTE_USE = (
    update(api_keys)
    .where(api_keys.c.key_hash == bindparam("hash"))
    .where(or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < bindparam("before")))
    .values(last_used_at=bindparam("at"))
)


class Role(StrEnum):
    """The role of a key. The API defines the rights of each role."""

    VIEWER = "viewer"
    RESEARCHER = "researcher"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The holder of a key: `name` is shown in the audit trail."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key's record. `id` is the beginning of its hash, which is not a secret."""

    id: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    """Exact to USE_NOTED_EVERY."""

    def state(self, at: datetime) -> str:
        """`works`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= at else "works"

    def is_called(self, named: str) -> bool:
        """Whether this is its name or its id."""
        return named in (self.name, self.id)


def create(ledger: Ledger, name: str, role: Role, *, lasts: timedelta | None = None) -> str:
    """Create a key that is valid for `lasts`. The key itself is only in the return value and is not stored.

    Raises UsageError for a name that is not allowed, RefusedError if a valid key has this name: the audit trail could
    not tell the two apart.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            "the key's name is not allowed: use up to 64 letters, digits, spaces and . _ @ -",
            "give the name of the person or system that will use the key",
        )
    key = _new_key()
    with ledger.write() as connection:
        made_at = now(connection)
        if any(known.name == name and known.state(made_at) == "works" for known in keys(connection)):
            raise RefusedError(
                f"a valid key with the name {name} already exists", "revoke it first, or choose another name"
            )
        row = _row(key, name, role, made_at) | {"expires_at": made_at + lasts if lasts is not None else None}
        connection.execute(insert(connection, api_keys), row)
    return key


def keys(connection: Connection) -> list[ApiKey]:
    """All keys, also revoked and expired ones, oldest first."""
    rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_hash))
    return [
        ApiKey(
            row.key_hash[:_ID_LENGTH],
            row.name,
            Role(row.role),
            row.created_at,
            row.expires_at,
            row.revoked_at,
            row.last_used_at,
        )
        for row in rows
    ]


def revoke(ledger: Ledger, named: str, *, even_the_last_admin: bool = False) -> ApiKey:
    """Revoke a valid key, by its name or its id. Returns the key as it was before.

    Raises RefusedError if none or several have this name, or if it is the last key of the role admin.
    """
    with ledger.write() as connection:
        # If two callers each revoke one of the last two, the second waits here on PostgreSQL and sees the first one's
        # change.
        connection.execute(select(api_keys.c.key_hash).where(api_keys.c.revoked_at.is_(None)).with_for_update()).all()
        at = now(connection)
        working = [key for key in keys(connection) if key.state(at) == "works"]
        key = _only([key for key in working if key.is_called(named)], named)
        admins = [other for other in working if other.role is Role.ADMIN]
        if admins == [key] and not even_the_last_admin:
            raise RefusedError(
                f"{key.name} is the last key of the role admin and was not revoked",
                "create another one first, or revoke it with --force",
            )
        connection.execute(
            update(api_keys).where(api_keys.c.key_hash.startswith(key.id, autoescape=True)).values(revoked_at=at)
        )
    return key


def ensure_admin_key(ledger: Ledger, file: Path) -> str:
    """The admin key in `file` (readable only by the owner), created at first start and recorded in the ledger.

    If it was revoked, a new key replaces it.
    """
    key = read_or_make(file, _new_key)
    while not _holds_as_admin(ledger, key):
        key = replace(file, key, _new_key)
    return key


def make_first_admin_key(ledger: Ledger, file: Path) -> bool:
    """Make an admin key in `file` where the ledger has no admin key that works. Returns whether it did.

    Of several hosts that start at the same time with one ledger, one makes it. A key that is in `file` already is
    used unless it was revoked or has expired.
    """
    with ledger.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": FIRST_KEY_LOCK})
        at = now(connection)
        known = keys(connection)
        if any(key.role is Role.ADMIN and key.state(at) == "works" for key in known):
            return False
        key = read_or_make(file, _new_key)
        if any(other.id == key_id(key) for other in known):
            key = replace(file, key, _new_key)
        connection.execute(insert(connection, api_keys), _row(key, "admin", Role.ADMIN, at))
    return True


def authenticate(ledger: Ledger, key: str) -> KeyHolder | None:
    """The holder of this key; None if the ledger does not know it, or it is no longer valid.

    Its use is recorded, at most once in USE_NOTED_EVERY.
    """
    hashed = _hash(key)
    with ledger.read() as connection:
        row = connection.execute(_BY_HASH, {"hash": hashed}).first()
        if row is None or row.revoked_at is not None:
            return None
        at = now(connection)
    if row.expires_at is not None and row.expires_at <= at:
        return None
    if row.last_used_at is None or row.last_used_at < at - USE_NOTED_EVERY:
        with ledger.write() as connection:
            connection.execute(_NOTE_USE, {"hash": hashed, "before": at - USE_NOTED_EVERY, "at": at})
    return KeyHolder(row.name, Role(row.role))


def key_id(key: str) -> str:
    """The id under which a key is listed."""
    return _hash(key)[:_ID_LENGTH]


def _only(found: list[ApiKey], named: str) -> ApiKey:
    if not found:
        raise RefusedError(f"no valid key has the name or id {named}", "see vlmkg api-keys list")
    if len(found) > 1:
        raise RefusedError(
            f"{len(found)} keys have the name {named}", f"give the id of one: {', '.join(k.id for k in found)}"
        )
    return found[0]


def _holds_as_admin(ledger: Ledger, key: str) -> bool:
    """Record the key in the ledger. Returns whether it is valid."""
    with ledger.write() as connection:
        row = _row(key, "admin", Role.ADMIN, now(connection))
        connection.execute(insert(connection, api_keys).on_conflict_do_nothing(), row)
        return connection.execute(_BY_HASH, {"hash": _hash(key)}).one().revoked_at is None


def _row(key: str, name: str, role: Role, created_at: datetime) -> dict[str, object]:
    return {"key_hash": _hash(key), "name": name, "role": role, "created_at": created_at}


def _new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()
