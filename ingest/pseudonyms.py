"""Pseudonyms of patients, accessions and reports: HMAC-SHA256 over the assigning authority and the identifier.

They can be recomputed from the original identifiers with the key, and can't be reversed.
"""

import secrets as random
import unicodedata
from functools import lru_cache, partial
from pathlib import Path

from sqlalchemy import Connection, select

from ingest.ledger.storage.database import Ledger, insert
from ingest.ledger.storage.tables import properties
from ingest.ledger.studies import patients
from ingest.secret_files import read_or_make
from vlmkg.errors import UsageError
from vlmkg.identity import pseudonym

KEY_FILE = "pseudonym.key"
SHORTEST_KEY = 32
"""Characters. The key made here has 64 (32 random bytes in hex)."""

_FINGERPRINT = "pseudonym_key_fingerprint"


def load_key(ledger: Ledger, configured: str | None, secrets: Path) -> bytes:
    """The key: `configured` (VLMKG_PSEUDONYM_KEY), else SECRETS/pseudonym.key, created at first use.

    Raises UsageError if the ledger was written with another key, or has patients and the key is missing: with a new key
    every patient would become a second one.
    """
    file = secrets / KEY_FILE
    key = (configured or read_or_make(file, partial(_make, ledger, file))).strip().encode()
    if len(key) < SHORTEST_KEY:
        raise UsageError(
            f"the pseudonym key has fewer than {SHORTEST_KEY} characters", "use 32 random bytes as hexadecimal digits"
        )
    _require_same(ledger, fingerprint(key))
    return key


def fingerprint(key: bytes) -> str:
    """The fingerprint of a key, which does not reveal it."""
    return pseudonym(key, "fingerprint")


@lru_cache(maxsize=1024)
def patient_id(key: bytes, authority: str, identifier: str) -> str:
    """The patient's pseudonym. Cached, because the same patient is needed several times."""
    return pseudonym(key, "patient", _normal(authority), _normal(identifier))


def accession_id(key: bytes, authority: str, accession: str) -> str:
    """The accession's pseudonym; `authority` is that of its patient."""
    return pseudonym(key, "accession", _normal(authority), _normal(accession))


def report_id(key: bytes, source: str, identifier: str) -> str:
    """The report's pseudonym; `source` is the sender."""
    return pseudonym(key, "report", _normal(source), _normal(identifier))


def _normal(name: str) -> str:
    # Case and leading zeros are kept: they may distinguish two patients.
    if name.isascii() and name.isalnum():
        return name
    return " ".join(unicodedata.normalize("NFC", name).split())


def _make(ledger: Ledger, file: Path) -> str:
    with ledger.read() as connection:
        if patients.exist(connection):
            raise UsageError(
                "the ledger has patients, but their pseudonym key is missing",
                f"restore {file}, or set VLMKG_PSEUDONYM_KEY to the original key",
            )
    return random.token_hex(32)


def _require_same(ledger: Ledger, expected: str) -> None:
    with ledger.read() as connection:
        known = fingerprint_of(connection)
    if known is None:
        with ledger.write() as connection:
            row = {"name": _FINGERPRINT, "value": expected}
            connection.execute(insert(connection, properties).on_conflict_do_nothing(), row)
            known = fingerprint_of(connection)
    if known != expected:
        raise UsageError(
            "the ledger was written with another pseudonym key",
            "set VLMKG_PSEUDONYM_KEY to the original key, or restore secrets/pseudonym.key",
        )


def fingerprint_of(connection: Connection) -> str | None:
    """The fingerprint of the ledger's key; None if it never had one."""
    return connection.execute(select(properties.c.value).where(properties.c.name == _FINGERPRINT)).scalar()
