"""The initial password of a new store, in the file from which Neo4j creates its users.

DATA/dbms/auth.ini    neo4j:SHA-256,HASH,SALT,1024:    one line a user, hash and salt in hexadecimal

`neo4j-admin dbms set-initial-password` writes the same file, but starts a Java process for seconds to do so.
"""

import hashlib
import secrets
from pathlib import Path

from graph.private_files import write_private

_ROUNDS = 1024
_SALT_BYTES = 32


def set_first_password(data: Path, username: str, password: str) -> None:
    """Write the file to the `data` folder of a store that has never been opened. Other stores ignore it."""
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
