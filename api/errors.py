"""Errors for clients: a code and a helpful sentence, without internal details.

VlmkgError
└── ApiError      refused by the API itself, under one of the codes below

Errors of other packages get their code in `masked`; an unexpected one is INTERNAL_ERROR, and only its type and place
are logged. No message quotes a value of the client, which may be an identifier or a report.
"""

import re
import traceback
from enum import StrEnum
from typing import Any

import structlog
from graphql import GraphQLError, GraphQLFormattedError, GraphQLSyntaxError

from api.strawberry_parts import CannotGetOperationTypeError, InvalidOperationTypeError, MissingQueryError
from graph.errors import GraphMemoryError, GraphUnavailableError
from graph.reads.errors import QueryTimedOutError
from ingest.errors import OutageError
from vlmkg.errors import VlmkgError

log = structlog.get_logger()


class Code(StrEnum):
    """What `extensions.code` can be. The codes are fixed: clients act on them."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    BAD_REQUEST = "BAD_REQUEST"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    BAD_CURSOR = "BAD_CURSOR"
    AMBIGUOUS = "AMBIGUOUS"
    NO_PAYLOAD = "NO_PAYLOAD"
    TOKEN_LIMIT = "TOKEN_LIMIT"  # noqa: S105 - a code, no secret
    DEPTH_LIMIT = "DEPTH_LIMIT"
    ALIAS_LIMIT = "ALIAS_LIMIT"
    COST_LIMIT = "COST_LIMIT"
    TIMEOUT = "TIMEOUT"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class ApiError(VlmkgError):
    """Refused by the API. `details` go into the error's extensions, in addition to the code."""

    def __init__(self, code: Code, message: str, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.details = details


def masked_error(error: VlmkgError) -> GraphQLFormattedError:
    """The same for an error outside GraphQL's execution."""
    return masked(GraphQLError(str(error), original_error=error))


def masked(error: GraphQLError) -> GraphQLFormattedError:
    """The error in the form for the client."""
    message, extensions = _told(error)
    shown: GraphQLFormattedError = {"message": message, "extensions": extensions}
    if error.locations:
        shown["locations"] = [location.formatted for location in error.locations]
    if error.path:
        shown["path"] = error.path
    return shown


def code_of(error: GraphQLError) -> str:
    """The code that `masked` gives it."""
    return str(_told(error)[1]["code"])


def record(error: GraphQLError) -> None:
    """Log an unexpected error: its type and place, without its message."""
    cause = error.original_error
    if cause is None or _known(cause) is not None:
        return
    frames = traceback.extract_tb(cause.__traceback__)[-5:]
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("api.unforeseen", kind=type(cause).__name__, places=places)


def _told(error: GraphQLError) -> tuple[str, dict[str, Any]]:
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return _of_graphql(error)
    return _known(cause) or (
        "an unexpected error occurred on the server: report it to its operator",
        {"code": Code.INTERNAL_ERROR},
    )


_UNAVAILABLE: dict[type[BaseException], str] = {
    GraphUnavailableError: "the graph does not respond now: try again",
    GraphMemoryError: "the graph has no memory for this query now: try again, or request less",
    OutageError: "the ledger does not respond now: try again",
}


def _known(cause: BaseException) -> tuple[str, dict[str, Any]] | None:
    if isinstance(cause, ApiError):
        return str(cause), {"code": cause.code, **cause.details}
    if isinstance(cause, InvalidOperationTypeError):
        way = "send queries and mutations by POST, subscriptions over graphql-transport-ws"
        return f"the operation was sent over the wrong transport: {way}", {"code": Code.BAD_REQUEST}
    if isinstance(cause, CannotGetOperationTypeError | MissingQueryError):
        return "the document has no operation of this name: correct `operationName`", {"code": Code.BAD_REQUEST}
    for kind, told in _UNAVAILABLE.items():
        if isinstance(cause, kind):
            return told, {"code": Code.SERVICE_UNAVAILABLE}
    if isinstance(cause, QueryTimedOutError | TimeoutError):
        return "the query took too long: request fewer rows or fields", {"code": Code.TIMEOUT}
    return None


def _of_graphql(error: GraphQLError) -> tuple[str, dict[str, Any]]:
    """Errors of GraphQL itself in the document or the variables."""
    message = without_values(error.message)
    if isinstance(error, GraphQLSyntaxError):
        code = Code.TOKEN_LIMIT if "tokens. Parsing aborted" in message else Code.GRAPHQL_PARSE_FAILED
    elif message.startswith("Variable "):
        code = Code.BAD_USER_INPUT
    elif error.path is None:
        code = Code.GRAPHQL_VALIDATION_FAILED
    else:
        code = Code.BAD_USER_INPUT
    return message, {"code": code}


_SHOWN_VALUES = (
    (re.compile(r"(cannot represent [^:]*): .*", re.DOTALL), r"\1."),
    # A quotation mark within a string of the document ends the match: the rest is text of the string.
    (re.compile(r"^(Syntax Error: .*?\b(?:Name|Int|Float|String|BlockString)) '.*", re.DOTALL), r"\1."),
    (re.compile(r", found: .*", re.DOTALL), "."),
    (re.compile(r"Value .* does not exist in", re.DOTALL), "This value does not exist in"),
)
"""How graphql-core quotes values, and the replacements."""


def without_values(message: str) -> str:
    """A message of graphql-core without the values that it quotes."""
    for pattern, instead in _SHOWN_VALUES:
        message = pattern.sub(instead, message)
    return message[:500]
