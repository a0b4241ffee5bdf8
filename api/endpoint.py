"""POST /graphql: one operation per request. The response is sent after its audit entry is committed.

The response is GraphQL over HTTP in the media type that the client prefers (api.media_types). Queries by GET, batches
and uploads are not accepted.
"""

import asyncio
import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from graphql import GraphQLError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from strawberry import Schema
from strawberry.types import ExecutionResult

from api.audit import AuditWriter
from api.callers import Authenticator
from api.context import ApiContext, Services
from api.errors import ApiError, Code, code_of, masked, masked_error
from api.media_types import CONTENT_TYPES, MediaType, accepted_type, status_of
from api.metrics import Metrics
from api.oidc.tokens import NoRoleError
from api.operations import Operations
from api.strawberry_parts import PreExecutionError
from ingest.errors import OutageError
from ingest.http_connections import in_time
from ingest.ledger.access.audit import NewEntry
from vlmkg.errors import VlmkgError

log = structlog.get_logger()

BODY_LIMIT = 8 * 1024 * 1024
"""Most bytes of a request: a report of the largest accepted size, with every character escaped."""

AUDIT_PATIENCE_S = 5.0
"""Seconds that an entry of the audit trail may take at least, however short the timeout of queries is."""
SHORT_BODY = 64 * 1024
"""Bytes of a request that is read at once."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The resources of the endpoint. `followers` counts the running subscriptions of each caller, by name."""

    schema: Schema
    operations: Operations
    services: Services
    authenticator: Authenticator
    audit: AuditWriter
    metrics: Metrics
    followers: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Asked:
    """The operation of a request's body."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None


async def answer(endpoint: Endpoint, request: Request) -> Response:
    """The response to one request. It is serialised while its audit entry is written, and sent after that."""
    started = time.perf_counter()
    media_type = accepted_type(request.headers.getlist("accept"))
    try:
        caller = await endpoint.authenticator.admit(request.headers.get("authorization"))
        asked = await _asked(request.headers.get("content-type", ""), await whole_body(request))
    except (ApiError, OutageError) as error:
        code = error.code if isinstance(error, ApiError) else Code.SERVICE_UNAVAILABLE
        await note_refusal(endpoint, error)
        endpoint.metrics.operation("", [code], time.perf_counter() - started)
        return refusal(error, media_type)
    context = ApiContext(endpoint.services, caller, asked.operation_name)
    result = await _run(endpoint, asked, context)
    codes, entry = audit_entry(context, result)
    writing = endpoint.audit.begin(entry) if entry else None
    response = response_of(result, codes, media_type)
    try:
        await written(endpoint, writing)
    except (VlmkgError, TimeoutError):
        endpoint.metrics.operation(context.action, [Code.SERVICE_UNAVAILABLE], time.perf_counter() - started)
        unwritten = ApiError(
            Code.SERVICE_UNAVAILABLE, "the audit trail can't be written now, so nothing was done: try again"
        )
        return refusal(unwritten, media_type)
    seconds = round(time.perf_counter() - started, 4)
    endpoint.metrics.operation(context.action, codes, seconds)
    log.info("api.operation", action=context.action, role=caller.role.value, seconds=seconds, codes=codes)
    return response


def response_of(result: ExecutionResult, codes: list[str], media_type: MediaType) -> Response:
    """A result as its response; `codes` are those of its errors."""
    told, status = shown(result), 200
    if media_type is MediaType.GRAPHQL and isinstance(result, PreExecutionError):
        del told["data"]
        status = status_of(Code(codes[0]))
    return Response(to_json(told, inf_nan_mode="null"), status, media_type=CONTENT_TYPES[media_type])


def read_body(content_type: str, body: bytes) -> Asked:
    """The operation of a body. Raises ApiError (BAD_REQUEST)."""
    # A form of another site can't send this type without a preflight request, which prevents CSRF.
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise ApiError(
            Code.BAD_REQUEST,
            "the content type is not supported: send JSON with the header `Content-Type: application/json`",
        )
    said = json_of(body)
    if not isinstance(said, dict) or not isinstance(said.get("query"), str) or not said["query"].strip():
        raise ApiError(Code.BAD_REQUEST, 'the body is not an object: send {"query": "...", "variables": {...}}')
    variables, name = said.get("variables"), said.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        raise ApiError(
            Code.BAD_REQUEST, "`variables` or `operationName` has the wrong type: send an object and a string"
        )
    return Asked(said["query"], variables or {}, name or None)


def json_of(body: bytes) -> Any:
    """The value of a body. Raises ApiError (BAD_REQUEST), also for text that no database can hold: lone surrogates."""
    try:
        said = json.loads(body)
        body.decode().encode()
        if b"\\ud" in body.lower():
            json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ApiError(Code.BAD_REQUEST, "the body is not JSON in UTF-8: correct it") from None
    return said


def refusal(error: VlmkgError, media_type: MediaType) -> Response:
    """The response if nothing was run."""
    told = masked_error(error)
    code = Code(str((told.get("extensions") or {})["code"]))
    headers = {"WWW-Authenticate": "Bearer"} if code is Code.UNAUTHENTICATED else None
    content = to_json({"errors": [told]})
    return Response(content, status_of(code), headers=headers, media_type=CONTENT_TYPES[media_type])


async def note_refusal(endpoint: Endpoint, error: VlmkgError) -> None:
    """Record in the audit trail that a known person was refused."""
    if isinstance(error, NoRoleError):
        with suppress(VlmkgError, TimeoutError):
            async with asyncio.timeout(endpoint.services.settings.timeout_s):
                await endpoint.audit.begin(NewEntry(error.name, "enter", (), Code.FORBIDDEN))


async def _asked(content_type: str, body: bytes) -> Asked:
    """The request in a body; a long one is parsed in a thread. Raises ApiError (BAD_REQUEST)."""
    if len(body) <= SHORT_BODY:
        return read_body(content_type, body)
    return await asyncio.to_thread(read_body, content_type, body)


async def whole_body(request: Request) -> bytes:
    """The body of a request. Raises ApiError (PAYLOAD_TOO_LARGE)."""
    parts, size = [], 0
    try:
        async for part in in_time(request.stream()):
            size += len(part)
            if size > BODY_LIMIT:
                raise ApiError(Code.PAYLOAD_TOO_LARGE, f"the request is too large: it may have {BODY_LIMIT} bytes")
            parts.append(part)
    except TimeoutError:
        raise ApiError(Code.BAD_REQUEST, "the body comes too slowly: send the request again") from None
    return b"".join(parts)


async def run_whole(endpoint: Endpoint, query: str, variables: dict[str, Any], context: ApiContext) -> ExecutionResult:
    """The result of an operation for a part of the API itself, after its audit entry is committed.

    Raises VlmkgError, TimeoutError if the entry cannot be written.
    """
    result = await _run(endpoint, Asked(query, variables, None), context)
    await audited(endpoint, context, result)
    return result


async def _run(endpoint: Endpoint, asked: Asked, context: ApiContext) -> ExecutionResult:
    try:
        async with asyncio.timeout(endpoint.services.settings.timeout_s):
            return await endpoint.operations.run(asked.query, asked.variables, context)
    except TimeoutError as error:
        # The operation was aborted: there are no data, as if it had not run.
        return PreExecutionError(data=None, errors=[GraphQLError(str(error), original_error=error)])


async def audited(endpoint: Endpoint, context: ApiContext, result: ExecutionResult) -> None:
    """Commit the entry of what was read, or tried without the right. Raises VlmkgError, TimeoutError if that fails."""
    _, entry = audit_entry(context, result)
    await written(endpoint, endpoint.audit.begin(entry) if entry else None)


def audit_entry(context: ApiContext, result: ExecutionResult) -> tuple[list[str], NewEntry | None]:
    """The codes of the result's errors, and the entry to write: none for introspection."""
    codes: list[str] = [code_of(error) for error in result.errors or ()]
    if not context.trail.reads and Code.FORBIDDEN not in codes:
        return codes, None
    outcome = codes[0] if codes else "ok"
    return codes, NewEntry(context.caller.name, context.action, tuple(sorted(context.trail.patients)), outcome)


async def written(endpoint: Endpoint, writing: "asyncio.Future[None] | None") -> None:
    """Return once the entry is committed. Raises VlmkgError, TimeoutError if it is not."""
    if writing is not None:
        async with asyncio.timeout(max(endpoint.services.settings.timeout_s, AUDIT_PATIENCE_S)):
            await writing


def shown(result: ExecutionResult) -> dict[str, Any]:
    """A result in the form for the client."""
    told: dict[str, Any] = {"data": result.data}
    if result.errors:
        told["errors"] = [masked(error) for error in result.errors]
    return told
