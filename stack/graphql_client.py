"""Query the stack's GraphQL API over HTTP, as any application would."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.request import Request, urlopen

from vlmkg.data_dir import Endpoints
from vlmkg.errors import VlmkgError

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a sentence and as a GraphQL query."""

    words: str
    query: str
    variables: dict[str, Any] = field(default_factory=dict)


def ask(endpoints: Endpoints, question: Question) -> dict[str, Any]:
    """Send a query to the API. Returns GraphQL's `data`. Raises VlmkgError with the API's message."""
    body = json.dumps({"query": question.query, "variables": question.variables}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {endpoints.api_key}"}
    request = Request(str(endpoints.graphql), data=body, headers=headers)  # noqa: S310 - our own address
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            answer = json.load(response)
    except OSError as error:
        raise VlmkgError(f"the API did not answer the query: {error}", "see logs/api.log") from error
    if answer.get("errors"):
        raise VlmkgError(f"the API refused the query: {answer['errors'][0]['message']}", "see logs/api.log")
    return dict(answer["data"])
