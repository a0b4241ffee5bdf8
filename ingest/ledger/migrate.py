"""Migrations of the ledger: numbered SQL files, applied once, in order, under a lock, and recorded with a checksum."""

from sqlalchemy import Engine


def apply_migrations(engine: Engine) -> None:
    """Apply what is missing. Raises UsageError where an applied file was changed or is unknown here."""
    raise NotImplementedError
