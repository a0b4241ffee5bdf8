"""POST /graphql: one operation in, one answer out, after its audit entry is committed.

The answer is GraphQL over HTTP in `application/json`: 200 where the operation ran, errors or not, and another status
where it could not be run at all. Queries by GET, batches and uploads are not taken.
"""

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import Request
from fastapi.responses import JSONResponse
from graphql import GraphQLError
from strawberry import Schema
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from api.audit import AuditWriter, Entry
from api.callers import Doorkeeper
from api.context import ApiContext, Services
from api.errors import ApiError, Code, code_of, masked, masked_error
from api.metrics import Metrics
from api.oidc.tokens import NoRoleError
from ingest.errors import OutageError
from vlmkg.errors import VlmkgError

log = structlog.get_logger()

BODY_LIMIT = 8 * 1024 * 1024
"""Bytes of a request: a report of the largest size that is accepted, with every sign escaped."""

BY_POST = (OperationType.QUERY, OperationType.MUTATION)
"""Subscriptions have their own door: api.websocket."""

_STATUS = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.SERVICE_UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answering needs."""

    schema: Schema
    services: Services
    doorkeeper: Doorkeeper
    audit: AuditWriter
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request's body asks."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None


async def answer(endpoint: Endpoint, request: Request) -> JSONResponse:
    """The answer to one request."""
    started = time.perf_counter()
    try:
        caller = await endpoint.doorkeeper.admit(request.headers.get("authorization"))
        asked = read_body(request.headers.get("content-type", ""), await _body(request))
    except (ApiError, OutageError) as error:
        code = error.code if isinstance(error, ApiError) else Code.SERVICE_UNAVAILABLE
        await note_refusal(endpoint, error)
        endpoint.metrics.operation("", [code], time.perf_counter() - started)
        return refusal(error)
    context = ApiContext(endpoint.services, caller, asked.operation_name)
    result = await _run(endpoint, asked, context)
    try:
        codes = await audited(endpoint, context, result)
    except (VlmkgError, TimeoutError):
        endpoint.metrics.operation(context.action, [Code.SERVICE_UNAVAILABLE], time.perf_counter() - started)
        return refusal(ApiError(Code.SERVICE_UNAVAILABLE, "the audit trail can't be written now; try again"))
    seconds = round(time.perf_counter() - started, 4)
    endpoint.metrics.operation(context.action, codes, seconds)
    log.info("api.operation", action=context.action, role=caller.role.value, seconds=seconds, codes=codes)
    return JSONResponse(shown(result))


def read_body(content_type: str, body: bytes) -> Asked:
    """What a body asks. Raises ApiError (BAD_REQUEST)."""
    # A form of another site can't send this type without asking first, so nothing is done in a visitor's name.
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise ApiError(Code.BAD_REQUEST, "send JSON, with the header `Content-Type: application/json`")
    try:
        said = json.loads(body)
        body.decode().encode()
        if b"\\ud" in body.lower():
            json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ApiError(Code.BAD_REQUEST, "the body is no JSON in UTF-8") from None
    if not isinstance(said, dict) or not isinstance(said.get("query"), str) or not said["query"].strip():
        raise ApiError(Code.BAD_REQUEST, 'send an object: {"query": "...", "variables": {...}}')
    variables, name = said.get("variables"), said.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        raise ApiError(Code.BAD_REQUEST, "`variables` is an object, `operationName` a string")
    return Asked(said["query"], variables or {}, name or None)


def refusal(error: VlmkgError) -> JSONResponse:
    """The answer where nothing was run."""
    told = masked_error(error)
    code = Code(str((told.get("extensions") or {})["code"]))
    headers = {"WWW-Authenticate": "Bearer"} if code is Code.UNAUTHENTICATED else None
    return JSONResponse({"errors": [told]}, status_code=_STATUS.get(code, 400), headers=headers)


async def note_refusal(endpoint: Endpoint, error: VlmkgError) -> None:
    """Have the audit trail say that a person who is known was not let in."""
    if isinstance(error, NoRoleError):
        with suppress(VlmkgError, TimeoutError):
            async with asyncio.timeout(endpoint.services.settings.timeout_s):
                await endpoint.audit.write(Entry(error.name, "enter", (), Code.FORBIDDEN))


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            raise ApiError(Code.PAYLOAD_TOO_LARGE, f"the request has more than {BODY_LIMIT} bytes")
        parts.append(part)
    return b"".join(parts)


async def _run(endpoint: Endpoint, asked: Asked, context: ApiContext) -> ExecutionResult:
    try:
        async with asyncio.timeout(endpoint.services.settings.timeout_s):
            return await endpoint.schema.execute(
                asked.query,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=BY_POST,
            )
    except TimeoutError as error:
        return _failed(error)
    except (CannotGetOperationTypeError, InvalidOperationTypeError, MissingQueryError) as error:
        return _failed(error)


def _failed(error: Exception) -> ExecutionResult:
    return ExecutionResult(data=None, errors=[GraphQLError(str(error), original_error=error)])


async def audited(endpoint: Endpoint, context: ApiContext, result: ExecutionResult) -> list[str]:
    """Commit what was read, or tried without the right to it. Nothing is written of a bare look at the schema.

    The codes of the result's errors. Raises VlmkgError, TimeoutError where it can't be written.
    """
    codes: list[str] = [code_of(error) for error in result.errors or ()]
    if not context.trail.reads and Code.FORBIDDEN not in codes:
        return codes
    outcome = codes[0] if codes else "ok"
    entry = Entry(context.caller.name, context.action, tuple(sorted(context.trail.patients)), outcome)
    async with asyncio.timeout(endpoint.services.settings.timeout_s):
        await endpoint.audit.write(entry)
    return codes


def shown(result: ExecutionResult) -> dict[str, Any]:
    """A result as the client sees it."""
    told: dict[str, Any] = {"data": result.data}
    if result.errors:
        told["errors"] = [masked(error) for error in result.errors]
    return told
