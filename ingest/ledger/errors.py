"""Errors of the ledger.

VlmkgError
├── OutageError      (ingest.errors) the database does not respond, is full or timed out on a lock: try again
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
        if error.connection_invalidated or isinstance(error, InterfaceError | OperationalError):
            raise OutageError("the ledger does not respond", "it will be tried again; nothing is lost") from None
        raise LedgerError(type(error.orig).__name__, error.statement) from None
