"""The first password of a new store, in the file that Neo4j reads when it makes its users.

DATA/dbms/auth.ini    neo4j:SHA-256,HASH,SALT,1024:    one line a user, hash and salt in hexadecimal

It is what `neo4j-admin dbms set-initial-password` writes; that one starts a Java of its own for it, for seconds.
"""

import hashlib
import secrets
from pathlib import Path

from graph.private_files import write_private

_ROUNDS = 1024
_SALT_BYTES = 32


def set_first_password(data: Path, username: str, password: str) -> None:
    """Write the file into the `data` folder of a store that has never been opened. A later one does not read it."""
    salt = secrets.token_bytes(_SALT_BYTES)
    folder = data / "dbms"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = f"{username}:SHA-256,{_hash(password, salt).hex()},{salt.hex()},{_ROUNDS}:\n"
    write_private(folder / "auth.ini", line)


def _hash(password: str, salt: bytes) -> bytes:
    """SHA-256 over salt and password, then over itself (org.neo4j.server.security.SecureHasher, by Apache Shiro)."""
    digest = hashlib.sha256(salt + password.encode()).digest()
    for _ in range(_ROUNDS - 1):
        digest = hashlib.sha256(digest).digest()
    return digest
