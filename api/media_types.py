"""The media type of a response, and its HTTP status. Standard: GraphQL over HTTP, "Response".

In `application/json` the status says whether the request was accepted; a refused operation has the status 200. In
`application/graphql-response+json` it also says whether the operation ran: one that did not run has no `data` and a
status of 4xx or 5xx.
"""

from collections.abc import Iterable
from enum import StrEnum

from api.errors import Code


class MediaType(StrEnum):
    """A media type of responses."""

    JSON = "application/json"
    GRAPHQL = "application/graphql-response+json"


CONTENT_TYPES = {
    MediaType.JSON: "application/json",
    MediaType.GRAPHQL: "application/graphql-response+json; charset=utf-8",
}

_RANGES = {MediaType.GRAPHQL.value: MediaType.GRAPHQL} | dict.fromkeys(
    (MediaType.JSON.value, "application/*", "*/*"), MediaType.JSON
)

_STATUS = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.INTERNAL_ERROR: 500,
    Code.SERVICE_UNAVAILABLE: 503,
    Code.TIMEOUT: 504,
}


def accepted_type(headers: Iterable[str]) -> MediaType:
    """The media type that a request's `Accept` headers prefer; of equal ones the first.

    A client that names neither type, or excludes both, gets JSON: the standard allows a server to ignore the header.
    """
    best, weight = MediaType.JSON, 0.0
    for item in ",".join(headers).split(","):
        range_, *parameters = (part.strip().lower() for part in item.split(";"))
        type_, asked = _RANGES.get(range_), _weight(parameters)
        if type_ is not None and asked > weight:
            best, weight = type_, asked
    return best


def status_of(code: Code) -> int:
    """The HTTP status of a request that was not run, for this reason."""
    return _STATUS.get(code, 400)


def _weight(parameters: Iterable[str]) -> float:
    """The weight (RFC 9110, 12.4.2) from 0 to 1; 0 if it is malformed."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return min(float(value), 1.0) if value.strip().replace(".", "", 1).isdecimal() else 0.0
    return 1.0
