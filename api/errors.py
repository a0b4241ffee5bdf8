"""Errors as they reach the client: a code, a sentence that helps, and never more.

VlmkgError
└── ApiError      refused by the API itself, under one of the codes below

What the parts below raise gets its code in `masked`; anything unforeseen is INTERNAL_ERROR and stands in the log by its
type and place alone. No message quotes a value that the client sent: it may be an identifier or a report.
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
    """Refused by the API. `details` go into the error's extensions beside the code."""

    def __init__(self, code: Code, message: str, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.details = details


def masked_error(error: VlmkgError) -> GraphQLFormattedError:
    """The same of an error that came up outside GraphQL's machinery."""
    return masked(GraphQLError(str(error), original_error=error))


def masked(error: GraphQLError) -> GraphQLFormattedError:
    """The error as the client sees it."""
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
    """Write an unforeseen error to the log: its type and where it was raised, without its words."""
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
    return _known(cause) or ("something went wrong on the server", {"code": Code.INTERNAL_ERROR})


_UNAVAILABLE: dict[type[BaseException], str] = {
    GraphUnavailableError: "the graph does not answer now; try again",
    GraphMemoryError: "the graph has no memory for this question now; try again, or ask for less",
    OutageError: "the ledger does not answer now; try again",
}


def _known(cause: BaseException) -> tuple[str, dict[str, Any]] | None:
    if isinstance(cause, ApiError):
        return str(cause), {"code": cause.code, **cause.details}
    if isinstance(cause, InvalidOperationTypeError):
        way = "queries and mutations go by POST, subscriptions over graphql-transport-ws"
        return f"the operation came the wrong way: {way}", {"code": Code.BAD_REQUEST}
    if isinstance(cause, CannotGetOperationTypeError | MissingQueryError):
        return "the document has no such operation: see `operationName`", {"code": Code.BAD_REQUEST}
    for kind, told in _UNAVAILABLE.items():
        if isinstance(cause, kind):
            return told, {"code": Code.SERVICE_UNAVAILABLE}
    if isinstance(cause, QueryTimedOutError | TimeoutError):
        return "the answer took too long: ask for less", {"code": Code.TIMEOUT}
    return None


def _of_graphql(error: GraphQLError) -> tuple[str, dict[str, Any]]:
    """Errors that GraphQL itself finds in the document or in the variables."""
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
    # A quotation mark within a text that stands in the document ends it: what follows is the text's words.
    (re.compile(r"^(Syntax Error: .*?\b(?:Name|Int|Float|String|BlockString)) '.*", re.DOTALL), r"\1."),
    (re.compile(r", found: .*", re.DOTALL), "."),
    (re.compile(r"Value .* does not exist in", re.DOTALL), "This value does not exist in"),
)
"""How graphql-core quotes values, and what stands there instead."""


def without_values(message: str) -> str:
    """A message of graphql-core without the values that it quotes."""
    for pattern, instead in _SHOWN_VALUES:
        message = pattern.sub(instead, message)
    return message[:500]
