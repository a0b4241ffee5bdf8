"""Subscriptions at ws://.../graphql in the protocol graphql-transport-ws, the one that today's clients speak.

Only subscriptions are taken: what reads once goes by POST. The key comes in the payload of `connection_init`, as
`{"Authorization": "Bearer KEY"}`, because a browser can't set headers here; a header does too. While the connection is
open it is looked at again and again: one whose key or token has ended is closed.
Protocol: github.com/enisdenjo/graphql-ws, PROTOCOL.md. Close codes are the protocol's.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Never

from graphql import GraphQLError
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.types import ExecutionResult

from api.callers import Caller
from api.context import ApiContext
from api.endpoint import Endpoint, audited, note_refusal, shown
from api.errors import ApiError, Code, masked_error
from ingest.errors import OutageError
from vlmkg.errors import VlmkgError

PROTOCOL = "graphql-transport-ws"
INIT_WITHIN_S = 10.0
MOST_OPERATIONS = 20
"""Operations at once on one connection."""

LOOK_AGAIN_S = 1.0
"""Seconds between two looks at whether the key still works."""

TRY_AGAIN = 1013
"""Of RFC 6455's registry: who asks can't be known at the moment."""

BAD_MESSAGE, UNAUTHORIZED, FORBIDDEN, INIT_TIMEOUT, SAME_ID, SECOND_INIT = 4400, 4401, 4403, 4408, 4409, 4429


class _ClosingError(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(slots=True)
class _Connection:
    endpoint: Endpoint
    socket: WebSocket
    authorization: str | None = None
    caller: Caller | None = None
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def send(self, type_: str, **more: Any) -> None:
        await self.socket.send_text(json.dumps({"type": type_} | more))


async def serve(endpoint: Endpoint, socket: WebSocket) -> None:
    """One connection, from its first message to its end."""
    if PROTOCOL not in socket.scope.get("subprotocols", []) or not _same_origin(socket):
        await socket.close()
        return
    await socket.accept(subprotocol=PROTOCOL)
    connection = _Connection(endpoint, socket)
    closing: _ClosingError | None = None
    try:
        await _initialise(connection)
        async with asyncio.TaskGroup() as group:
            group.create_task(_converse(connection))
            group.create_task(_watch(connection))
    except* WebSocketDisconnect:
        pass
    except* _ClosingError as errors:
        closing = next(error for error in errors.exceptions if isinstance(error, _ClosingError))
    finally:
        # Before the connection is closed: nothing leaves any more.
        await _end(list(connection.running.values()))
    if closing is not None:
        await socket.close(closing.code, closing.reason)


async def _converse(connection: _Connection) -> Never:
    while True:
        await _handle(connection, await _receive(connection.socket))


async def _watch(connection: _Connection) -> Never:
    """Raise _ClosingError once the caller would not be let in any more. While that can't be known nothing changes."""
    while True:
        await asyncio.sleep(LOOK_AGAIN_S)
        try:
            await connection.endpoint.doorkeeper.admit(connection.authorization)
        except ApiError as error:
            if error.code is not Code.SERVICE_UNAVAILABLE:
                raise _ClosingError(FORBIDDEN, "Forbidden") from None
        except OutageError:
            pass


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _same_origin(socket: WebSocket) -> bool:
    """Whether no page of another site is behind this: a browser says where the page came from."""
    origin = socket.headers.get("origin")
    return origin is None or origin.partition("://")[2] == socket.headers.get("host")


async def _initialise(connection: _Connection) -> None:
    try:
        async with asyncio.timeout(INIT_WITHIN_S):
            message = await _receive(connection.socket)
    except TimeoutError:
        raise _ClosingError(INIT_TIMEOUT, "Connection initialisation timeout") from None
    if message["type"] != "connection_init":
        raise _ClosingError(UNAUTHORIZED, "Unauthorized")
    payload = message.get("payload") or {}
    given = payload.get("Authorization") or payload.get("authorization") if isinstance(payload, dict) else None
    header = connection.socket.headers.get("authorization")
    connection.authorization = given if isinstance(given, str) else header
    try:
        connection.caller = await connection.endpoint.doorkeeper.admit(connection.authorization)
    except (ApiError, OutageError) as error:
        if isinstance(error, OutageError) or error.code is Code.SERVICE_UNAVAILABLE:
            raise _ClosingError(TRY_AGAIN, "Try again later") from None
        await note_refusal(connection.endpoint, error)
        raise _ClosingError(FORBIDDEN, "Forbidden") from None
    await connection.send("connection_ack")


async def _receive(socket: WebSocket) -> dict[str, Any]:
    received = await socket.receive()
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", 1000))
    try:
        message = json.loads(received["text"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise _ClosingError(BAD_MESSAGE, "A message is JSON in a text frame") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise _ClosingError(BAD_MESSAGE, "A message has a type")
    return message


async def _handle(connection: _Connection, message: dict[str, Any]) -> None:
    match message["type"]:
        case "ping":
            await connection.send("pong")
        case "pong":
            pass
        case "subscribe":
            _subscribe(connection, message)
        case "complete":
            task = connection.running.pop(str(message.get("id")), None)
            if task is not None:
                task.cancel()
        case "connection_init":
            raise _ClosingError(SECOND_INIT, "Too many initialisation requests")
        case _:
            raise _ClosingError(BAD_MESSAGE, "Unknown message type")


def _subscribe(connection: _Connection, message: dict[str, Any]) -> None:
    operation, payload = message.get("id"), message.get("payload")
    if not isinstance(operation, str) or not operation or not isinstance(payload, dict):
        raise _ClosingError(BAD_MESSAGE, "A subscribe message has an id and a payload")
    if operation in connection.running:
        raise _ClosingError(SAME_ID, "Subscriber for this id already exists")
    if len(connection.running) >= MOST_OPERATIONS:
        raise _ClosingError(BAD_MESSAGE, f"A connection has {MOST_OPERATIONS} operations at most")
    connection.running[operation] = asyncio.create_task(_run(connection, operation, payload))


async def _run(connection: _Connection, operation: str, payload: dict[str, Any]) -> None:
    try:
        errors = await _stream(connection, operation, payload)
        if errors:
            await connection.send("error", id=operation, payload=errors)
        else:
            await connection.send("complete", id=operation)
    except WebSocketDisconnect:
        pass
    finally:
        if connection.running.get(operation) is asyncio.current_task():
            del connection.running[operation]


async def _stream(connection: _Connection, operation: str, payload: dict[str, Any]) -> list[Any]:
    """Send all results of one operation. The errors, where it could not be started or has to end."""
    query, variables, name = payload.get("query"), payload.get("variables") or {}, payload.get("operationName")
    if not isinstance(query, str) or not isinstance(variables, dict) or not isinstance(name, str | None):
        return [masked_error(ApiError(Code.BAD_REQUEST, "the payload holds `query`, `variables`, `operationName`"))]
    assert connection.caller is not None  # noqa: S101 - _initialise has set it
    context = ApiContext(connection.endpoint.services, connection.caller, name)
    results = await connection.endpoint.schema.subscribe(
        query, variable_values=variables, context_value=context, operation_name=name
    )
    async for result in _told(results):
        if not await _audit(connection, context, result):
            return [masked_error(ApiError(Code.SERVICE_UNAVAILABLE, "the audit trail can't be written now"))]
        answer = shown(result)
        if result.data is None and result.errors:
            return list(answer["errors"])
        await connection.send("next", id=operation, payload=answer)
    return []


async def _told(results: AsyncIterator[Any]) -> AsyncIterator[ExecutionResult]:
    """The results. What GraphQL raises about the document becomes the last of them, as it does by POST."""
    try:
        async for result in results:
            yield result
    except GraphQLError as error:
        yield ExecutionResult(data=None, errors=[error])


async def _audit(connection: _Connection, context: ApiContext, result: ExecutionResult) -> bool:
    """Commit what this result shows before it leaves. False where that can't be done."""
    try:
        await audited(connection.endpoint, context, result)
    except (VlmkgError, TimeoutError):
        return False
    return True
