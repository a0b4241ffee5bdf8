"""Query the stack's GraphQL API over HTTP, as any application would."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import click

from vlmkg.data_dir import Endpoints
from vlmkg.errors import VlmkgError

TIMEOUT_S = 30.0

PATIENCE_S = 600.0
"""Seconds for which a query is sent again while the API can't answer it. On an overloaded machine the demo's first
query took more than the API's own limit of 20 s."""

PAUSE_S = 2.0
PASSING = frozenset({"TIMEOUT", "SERVICE_UNAVAILABLE"})
"""Error codes of the API after which the same query may succeed."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a sentence and as a GraphQL query."""

    words: str
    query: str
    variables: dict[str, Any] = field(default_factory=dict)


class NotNowError(VlmkgError):
    """The API did not answer in time, or reported that a part behind it does not respond."""

    retryable = True


def ask(
    endpoints: Endpoints,
    question: Question,
    *,
    patience_s: float = PATIENCE_S,
    say: Callable[[str], object] = lambda words: click.echo(words, err=True),
) -> dict[str, Any]:
    """Send a query to the API, and again while the API can't answer it now. Returns GraphQL's `data`.

    `say` gets one message when the wait begins. Raises NotNowError after `patience_s` seconds, VlmkgError with the
    API's message if it refuses the query.
    """
    until, said = time.monotonic() + patience_s, False
    while True:
        try:
            return _ask(endpoints, question)
        except NotNowError as error:
            if time.monotonic() >= until:
                raise
            if not said:
                say(f"{error}; it is sent again, for {patience_s:.0f} s at most")
            said = True
            time.sleep(PAUSE_S)


def _ask(endpoints: Endpoints, question: Question) -> dict[str, Any]:
    body = json.dumps({"query": question.query, "variables": question.variables}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {endpoints.api_key}"}
    request = Request(str(endpoints.graphql), data=body, headers=headers)  # noqa: S310 - our own address
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            answer = json.load(response)
    except HTTPError as error:
        # GraphQL's errors come with status 200. Another status is of the server, or of a proxy before it.
        with error:
            kind = NotNowError if error.code >= 500 else VlmkgError
            raise kind(f"the API answered with status {error.code}", "see logs/api.log") from error
    except (OSError, ValueError) as error:
        raise NotNowError(f"the API did not answer the query: {error}", "see logs/api.log") from error
    if answer.get("errors"):
        first = answer["errors"][0]
        if first.get("extensions", {}).get("code") in PASSING:
            raise NotNowError(f"the API could not answer the query now: {first['message']}", "see logs/api.log")
        raise VlmkgError(f"the API refused the query: {first['message']}", "see logs/api.log")
    return dict(answer["data"])
