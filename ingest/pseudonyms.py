"""Pseudonyms of patients, accessions and reports: HMAC-SHA256 over the assigning authority and the identifier.

Whoever has the key can recompute them from the originals; nobody else can, and nobody can go back.
"""

from pathlib import Path

from ingest.ledger.database import Ledger


def load_key(ledger: Ledger, configured: str | None, secrets: Path) -> bytes:
    """The key: `configured` (VLMKG_PSEUDONYM_KEY), else SECRETS/pseudonym.key, made at first use.

    Raises UsageError where the ledger was filled with another key, or has patients and the key is missing: a new key
    would make every patient a second one.
    """
    raise NotImplementedError


def patient_id(key: bytes, authority: str, identifier: str) -> str:
    """The patient's pseudonym."""
    raise NotImplementedError


def accession_id(key: bytes, authority: str, accession: str) -> str:
    """The accession's pseudonym; `authority` is that of the patient it belongs to."""
    raise NotImplementedError


def report_id(key: bytes, source: str, identifier: str) -> str:
    """The report's pseudonym; `source` is the sender."""
    raise NotImplementedError
