"""The MLLP door: connections, and each of them read, answered in order, and closed in time."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import structlog

from ingest.formats.cleaning import RAW_LIMIT
from ingest.gateway.door import Door, Reception
from ingest.gateway.mllp.framing import Frame, Framing
from ingest.gateway.mllp.replies import reply_to
from ingest.gateway.mllp.settings import MllpSettings
from ingest.gateway.rate import Rate
from ingest.gateway.settings import GatewaySettings, Network, is_allowed, read
from ingest.gateway.tls import server_context
from vlmkg.errors import UsageError

CHUNK = 65_536
"""Bytes read at once. Frames that come together are received together, and answered in order."""

FS_WAIT_S = 0.5
"""So long after an FS its CR may come. Senders that forget it wait for their answer."""

log = structlog.get_logger()


@dataclass(slots=True)
class _State:
    """What the connections of the door share."""

    reception: Reception
    settings: MllpSettings
    allowed: tuple[Network, ...]
    rate: Rate
    busy: dict[asyncio.Task[None], bool] = field(default_factory=dict)
    closing: bool = False


async def start(reception: Reception) -> Door:
    """Open the door. Raises UsageError where its port can't be had."""
    settings, gateway = read(MllpSettings), read(GatewaySettings)
    state = _State(reception, settings, gateway.allowed, Rate(settings.rate))
    context = server_context(gateway, "mllp")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve(state, reader, writer)

    try:
        server = await asyncio.start_server(
            serve, gateway.gateway_host, settings.port, limit=2 * CHUNK, ssl=context, backlog=512
        )
    except OSError as error:
        raise UsageError(
            f"MLLP can't listen at port {settings.port} ({error.strerror})", "set VLMKG_MLLP_PORT to a free port"
        ) from None
    host, port = server.sockets[0].getsockname()[:2]
    return Door("mllp", {"mllp": f"{host}:{port}"}, lambda: _close(server, state))


async def _close(server: asyncio.Server, state: _State) -> None:
    """Take no more; let go of those that wait, and wait for those that have a message in hand."""
    state.closing = True
    server.close()
    for task, busy in list(state.busy.items()):
        if not busy:
            task.cancel()
    await asyncio.gather(*state.busy, return_exceptions=True)
    await server.wait_closed()


async def _serve(state: _State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, from its first byte to its last."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine that runs has one
    address = str((writer.get_extra_info("peername") or ("unknown",))[0])
    if state.closing or len(state.busy) >= state.settings.connections or not is_allowed(address, state.allowed):
        log.warning("mllp.turned_away", address=address, connections=len(state.busy))
        writer.transport.abort()
        return
    tune(writer.get_extra_info("socket"))
    state.busy[task] = False
    try:
        async for frames in _frames(state.settings, reader):
            state.busy[task] = True
            await state.rate.wait(address, len(frames))
            await _answer(state, writer, frames)
            state.busy[task] = False
            if state.closing:
                break
    except asyncio.CancelledError:
        # By _close, which waits for it. Streams of Python 3.11 log one that ends as cancelled as an error.
        if not state.closing:
            raise
    except (OSError, TimeoutError) as error:
        log.info("mllp.lost", address=address, error=type(error).__name__)
    finally:
        del state.busy[task]
        writer.close()


async def _frames(settings: MllpSettings, reader: asyncio.StreamReader) -> AsyncIterator[list[Frame]]:
    """What comes, as frames: those of one read together. Ends with the connection, or when nothing comes for long."""
    framing = Framing(RAW_LIMIT)
    while True:
        wait = FS_WAIT_S if framing.waits_for_cr else settings.stall if framing.is_open else settings.idle
        try:
            # Not wait_for, which makes a task of each read.
            async with asyncio.timeout(wait):
                chunk = await reader.read(CHUNK)
        except TimeoutError:
            go_on = framing.waits_for_cr
            yield framing.end()
            if go_on:
                continue
            return
        if frames := framing.feed(chunk) if chunk else framing.end():
            yield frames
        if not chunk:
            return


async def _answer(state: _State, writer: asyncio.StreamWriter, frames: list[Frame]) -> None:
    """Receive the frames at once and answer them in their order. Raises TimeoutError where the peer does not read."""
    if len(frames) == 1:
        await _write(state, writer, await reply_to(state.reception, frames[0]))
        return
    replies = [asyncio.ensure_future(reply_to(state.reception, frame)) for frame in frames]
    try:
        for reply in replies:
            await _write(state, writer, await reply)
    finally:
        # What was begun is finished whether or not it can be answered: the sender will send it again.
        await asyncio.gather(*replies, return_exceptions=True)


async def _write(state: _State, writer: asyncio.StreamWriter, content: bytes | None) -> None:
    """Send an answer, if there is one. Raises TimeoutError where the peer does not read it, OSError where it went."""
    if content is None:
        return
    writer.write(b"\x0b" + content + b"\x1c\r")
    if writer.transport.get_write_buffer_size() or writer.is_closing():
        async with asyncio.timeout(state.settings.stall):
            await writer.drain()


def tune(connection: socket.socket) -> None:
    """Answer at once (without Nagle's waiting), and find peers that vanished."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
