"""Errors of the ledger.

VlmkgError
├── OutageError      (ingest.errors) the database does not respond, is full or timed out on a lock: try again
│   └── DamagedLedgerError  pages of the database are damaged: work waits until it is restored
└── LedgerError      the database refused a statement: a bug of this program

Neither quotes the database's message, which may contain a row's content.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ingest.errors import OutageError
from vlmkg.errors import VlmkgError


class LedgerError(VlmkgError):
    """The database refused a statement. `statement` is its SQL, without parameters."""

    def __init__(self, kind: str, statement: str | None) -> None:
        super().__init__(f"the ledger refused a statement ({kind})", "this is a bug: report it")
        self.kind = kind
        self.statement = statement


class DamagedLedgerError(OutageError):
    """Pages of the database are damaged. It is nobody's message that caused it, so work waits, as in an outage."""

    def __init__(self) -> None:
        super().__init__(
            "the ledger is damaged: the database finds pages that it can't read",
            "stop the service, and restore the ledger from a backup: vlmkg restore",
        )


_SQLITE_DAMAGED = frozenset({11, 26})
"""SQLITE_CORRUPT and SQLITE_NOTADB."""

_POSTGRESQL_DAMAGED = ("XX001", "XX002")
"""data_corrupted and index_corrupted."""

_POSTGRESQL_READ_ONLY = "25006"
"""read_only_sql_transaction: a standby answers, as during a failover."""


def _is_damage(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in _SQLITE_DAMAGED or getattr(error.orig, "sqlstate", "") in _POSTGRESQL_DAMAGED


@contextmanager
def translated() -> Iterator[None]:
    """Raise OutageError or LedgerError for the database's errors, without their messages."""
    try:
        yield
    except PoolTimeoutError:
        raise OutageError(
            "all connections to the ledger are in use", "it will be tried again; nothing is lost"
        ) from None
    except DBAPIError as error:
        if _is_damage(error):
            raise DamagedLedgerError from None
        if getattr(error.orig, "sqlstate", "") == _POSTGRESQL_READ_ONLY:
            raise OutageError(
                "the ledger's PostgreSQL does not accept writes",
                "promote the standby, or let VLMKG_LEDGER_URL lead to the primary; nothing is lost",
            ) from None
        if error.connection_invalidated or isinstance(error, InterfaceError | OperationalError):
            raise OutageError("the ledger does not respond", "it will be tried again; nothing is lost") from None
        raise LedgerError(type(error.orig).__name__, error.statement) from None
