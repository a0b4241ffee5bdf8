"""Subscriptions at ws://.../graphql in the protocol graphql-transport-ws, which current clients use.

Strawberry's handler implements the protocol and checks the origin. This module adds authentication, the restriction to
subscriptions, the audit entry before each result, and a check of the key while the connection is open. The key is in
the payload of `connection_init`, as `{"Authorization": "Bearer KEY"}`, because a browser can't set headers here; a
header is accepted, too.
Protocol: github.com/enisdenjo/graphql-ws, PROTOCOL.md. Close codes are the protocol's.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from json import JSONDecodeError
from typing import Any, Never

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult

from api.callers import Caller
from api.context import ApiContext
from api.endpoint import Endpoint, audited, note_refusal, shown
from api.errors import ApiError, Code, masked, masked_error
from api.strawberry_parts import BaseGraphQLTransportWSHandler, Operation, UnsetType, WebSocketDisconnected
from ingest.errors import OutageError
from vlmkg.errors import VlmkgError

INIT_WITHIN_S = 10.0
MOST_OPERATIONS = 20
"""Most concurrent operations on one connection."""

MOST_OF_CALLER = 100
"""Most running operations of one caller, on all connections: each reads the ledger twice a second, in threads that
authenticate others too."""

LOOK_AGAIN_S = 1.0
"""Seconds between two checks of the key."""

TRY_AGAIN = 1013
"""From RFC 6455's registry: the caller can't be authenticated at the moment."""

FORBIDDEN = 4403


@dataclass(slots=True)
class Connection:
    """One connection. `connection_params` is the payload of `connection_init`, which Strawberry puts there."""

    socket: WebSocket
    connection_params: dict[str, Any] = field(default_factory=dict)
    authorization: str | None = None
    caller: Caller | None = None


async def serve(endpoint: Endpoint, socket: WebSocket) -> None:
    """Serve one connection to its end."""
    if GRAPHQL_TRANSPORT_WS_PROTOCOL not in socket.scope.get("subprotocols", []):
        await socket.close()
        return
    await _View(endpoint).run(socket)


class _View(GraphQL[Connection, None]):
    """Strawberry's view of a connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(
            endpoint.schema,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_WITHIN_S),
            max_subscriptions_per_connection=None,  # _Handler refuses operations above its limit, with a code
        )
        self.endpoint = endpoint
        self.graphql_transport_ws_handler_class = _Handler

    def decode_json(self, data: str | bytes) -> object:
        """One message. Raises JSONDecodeError if it does not follow the protocol, which closes the connection."""
        try:
            return _message(json.loads(data))
        except (RecursionError, TypeError, ValueError):
            raise JSONDecodeError("not a message of graphql-transport-ws", "", 0) from None

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Connection:
        """The connection of a socket."""
        del response
        assert isinstance(request, WebSocket)  # noqa: S101 - `serve` gives nothing else
        return Connection(request)

    async def on_ws_connect(self, context: Connection) -> UnsetType:
        """Authenticate the caller.

        Raises ConnectionRejectionError, or WebSocketDisconnected when the socket is closed.
        """
        payload, header = context.connection_params, context.socket.headers.get("authorization")
        given = payload.get("Authorization") or payload.get("authorization")
        context.authorization = given if isinstance(given, str) else header
        try:
            context.caller = await self.endpoint.authenticator.admit(context.authorization)
        except (ApiError, OutageError) as error:
            if isinstance(error, OutageError) or error.code is Code.SERVICE_UNAVAILABLE:
                await context.socket.close(TRY_AGAIN, "Try again later")
                raise WebSocketDisconnected from None
            await note_refusal(self.endpoint, error)
            raise ConnectionRejectionError from None
        return UnsetType()


class _Handler(BaseGraphQLTransportWSHandler[Connection, None]):
    """Strawberry's handler with our execution of operations, and a check of the key."""

    view: _View

    async def handle(self) -> None:
        """Handle the whole connection."""
        watch = asyncio.create_task(self._watch())
        try:
            await super().handle()
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def run_operation(self, operation: Operation[Connection, None]) -> None:
        """Run one operation to its end."""
        with suppress(WebSocketDisconnected), self._counted() as running:
            errors = (
                await self._stream(operation)
                if running <= MOST_OF_CALLER
                else _refused(Code.BAD_REQUEST, f"you follow too much at once: at most {MOST_OF_CALLER} subscriptions")
            )
            if errors:
                await operation.send_operation_message({"id": operation.id, "type": "error", "payload": errors})
            else:
                await operation.send_operation_message({"id": operation.id, "type": "complete"})

    @contextmanager
    def _counted(self) -> Iterator[int]:
        """The number of the caller's running operations, on all connections, with this one."""
        assert self.context.caller is not None  # noqa: S101 - set before the first operation
        followers, name = self.view.endpoint.followers, self.context.caller.name
        followers[name] += 1
        try:
            yield followers[name]
        finally:
            followers[name] -= 1
            if not followers[name]:
                del followers[name]

    async def _watch(self) -> Never:
        """Close the connection when the caller's key is no longer valid."""
        while True:
            await asyncio.sleep(LOOK_AGAIN_S)
            if self.connection_acknowledged and not await self._still_let_in():
                # Before the connection is closed: from now on nothing is sent and nothing is started.
                self.connection_acknowledged = False
                await self.shutdown()
                await self.websocket.close(FORBIDDEN, "Forbidden")

    async def _still_let_in(self) -> bool:
        """Also true while the key can't be checked."""
        try:
            await self.view.endpoint.authenticator.admit(self.context.authorization)
        except ApiError as error:
            return error.code is Code.SERVICE_UNAVAILABLE
        except OutageError:
            pass
        return True

    async def _stream(self, operation: Operation[Connection, None]) -> list[Any]:
        """Send all results of one operation. Returns the errors if it could not start or had to end."""
        if len(self.operations) > MOST_OPERATIONS:
            return _refused(Code.BAD_REQUEST, f"the connection has too many operations: at most {MOST_OPERATIONS}")
        query, variables, name = operation.query, operation.variables, operation.operation_name
        if not isinstance(query, str) or not isinstance(variables, dict | None) or not isinstance(name, str | None):
            return _refused(Code.BAD_REQUEST, "the payload is malformed: send `query`, `variables` and `operationName`")
        assert self.context.caller is not None  # noqa: S101 - set before the first operation
        endpoint = self.view.endpoint
        # Strawberry reads documents on the event loop: what takes long, or is wrong, is found before.
        if errors := await endpoint.operations.faults(query, name):
            return [masked(error) for error in errors]
        context = ApiContext(endpoint.services, self.context.caller, name)
        results = await endpoint.schema.subscribe(
            query, variable_values=variables, context_value=context, operation_name=name
        )
        async for result in _told(results):
            try:
                await audited(endpoint, context, result)
            except (VlmkgError, TimeoutError):
                return _refused(Code.SERVICE_UNAVAILABLE, "the audit trail can't be written now: try again")
            answer = shown(result)
            if result.data is None and result.errors:
                return list(answer["errors"])
            message: Any = {"id": operation.id, "type": "next", "payload": answer}
            await operation.send_operation_message(message)
        return []


KINDS = frozenset({"connection_init", "ping", "pong", "subscribe", "complete"})
"""The message types of a client. An unknown type is not repeated in the close reason."""


def _message(said: Any) -> dict[str, Any]:
    """A message with the fields of its type. Raises TypeError, ValueError for other fields."""
    kind = said["type"]
    if not isinstance(said, dict) or not isinstance(kind, str):
        raise TypeError(kind)
    if kind not in KINDS:
        raise ValueError(kind)
    if kind == "connection_init" and not isinstance(said.get("payload", {}), dict):
        return {"type": kind}
    if kind in {"subscribe", "complete"} and not (isinstance(said.get("id"), str) and said["id"]):
        raise ValueError(kind)
    if kind == "subscribe":
        return said | {"payload": {"query": None} | dict(said["payload"])}
    return said


async def _told(results: AsyncIterator[Any]) -> AsyncIterator[ExecutionResult]:
    """The results. GraphQL's errors about the document become the last result, as with POST."""
    try:
        async for result in results:
            yield result
    except GraphQLError as error:
        yield ExecutionResult(data=None, errors=[error])


def _refused(code: Code, message: str) -> list[Any]:
    return [masked_error(ApiError(code, message))]
