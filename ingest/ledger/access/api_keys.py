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
"""What every key begins with, so that a leaked one is found by searching for it."""

USE_NOTED_EVERY = timedelta(minutes=10)
"""How exact a key's last use is. A write for each request would cost more than most questions."""

FIRST_KEY_LOCK = 0x564C4D51
"""The PostgreSQL advisory lock under which the first admin key is made."""

_ID_LENGTH = 12
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@ -]{0,62}[A-Za-z0-9]|[A-Za-z0-9]")
"""No name can look like another sort of actor in the audit trail, such as `cli:root`."""

_BY_HASH = select(api_keys).where(api_keys.c.key_hash == bindparam("hash"))
_NOTE_USE = (
    update(api_keys)
    .where(api_keys.c.key_hash == bindparam("hash"))
    .where(or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < bindparam("before")))
    .values(last_used_at=bindparam("at"))
)


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


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key. `id` is the beginning of its hash: it names the key and is no secret."""

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
    """Make a key that works for as long as it `lasts`. The return value is the only place where it ever stands.

    Raises UsageError for a name that can't be, RefusedError where a key of this name works: in the audit trail the two
    would be one.
    """
    if not _NAME.fullmatch(name):
        raise UsageError("a key's name has up to 64 letters, digits, spaces and . _ @ -", "give the holder's name")
    key = _new_key()
    with ledger.write() as connection:
        made_at = now(connection)
        if any(known.name == name and known.state(made_at) == "works" for known in keys(connection)):
            raise RefusedError(
                f"there is a key of the name {name}, and it works", "revoke it first, or give another name"
            )
        row = _row(key, name, role, made_at) | {"expires_at": made_at + lasts if lasts is not None else None}
        connection.execute(insert(connection, api_keys), row)
    return key


def keys(connection: Connection) -> list[ApiKey]:
    """All keys that ever were, the oldest first."""
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
    """End a key that works, by its name or its id. Gives the key as it was.

    Raises RefusedError where none or several are so named, or no other key of role admin would be left.
    """
    with ledger.write() as connection:
        # Of two who each revoke one of the last two, the second waits here on PostgreSQL and sees what the first did.
        connection.execute(select(api_keys.c.key_hash).where(api_keys.c.revoked_at.is_(None)).with_for_update()).all()
        at = now(connection)
        working = [key for key in keys(connection) if key.state(at) == "works"]
        key = _only([key for key in working if key.is_called(named)], named)
        admins = [other for other in working if other.role is Role.ADMIN]
        if admins == [key] and not even_the_last_admin:
            raise RefusedError(
                f"{key.name} is the last key of role admin", "make another one first, or revoke it with --force"
            )
        connection.execute(
            update(api_keys).where(api_keys.c.key_hash.startswith(key.id, autoescape=True)).values(revoked_at=at)
        )
    return key


def ensure_admin_key(ledger: Ledger, file: Path) -> str:
    """The admin key in `file` (readable by the owner alone), made at first start and known to the ledger.

    Where it was revoked another one takes its place.
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
    """Whose key this is; None where the ledger does not know it, or it does not work any more.

    Its use is noted, at most once in USE_NOTED_EVERY.
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
        raise RefusedError(f"no key that works is called {named}", "vlmkg api-keys list shows which there are")
    if len(found) > 1:
        raise RefusedError(f"{len(found)} keys are called {named}", f"give one's id: {', '.join(k.id for k in found)}")
    return found[0]


def _holds_as_admin(ledger: Ledger, key: str) -> bool:
    """Make the ledger know the key, and say whether it works."""
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
