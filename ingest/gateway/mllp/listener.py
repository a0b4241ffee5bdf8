"""The MLLP door: reads connections, answers in order, and closes connections on time-outs."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial

import structlog

from ingest.formats.cleaning import RAW_LIMIT
from ingest.gateway.door import Door, Reception
from ingest.gateway.mllp.framing import Frame, Framing, is_http
from ingest.gateway.mllp.replies import BatchLimits, reply_to
from ingest.gateway.mllp.settings import MllpSettings
from ingest.gateway.peers import Connections
from ingest.gateway.rate import Rate
from ingest.gateway.settings import GatewaySettings, Network, is_allowed, read
from ingest.gateway.tls import server_context
from vlmkg.errors import UsageError

CHUNK = 65_536
"""Bytes per read. The frames in them are received together, and answered in order."""

FRAMES_AT_ONCE = 64
"""The maximum number of one connection's frames received together: as many as share a commit."""

FS_WAIT_S = 0.5
"""Seconds to wait for a CR after FS. Senders that forget it are waiting for their answer."""

log = structlog.get_logger()


@dataclass(slots=True)
class _State:
    """The shared state of the door's connections."""

    reception: Reception
    settings: MllpSettings
    allowed: tuple[Network, ...]
    rate: Rate
    open: Connections[asyncio.Task[None]]
    busy: dict[asyncio.Task[None], bool] = field(default_factory=dict)
    gone: set[asyncio.Task[None]] = field(default_factory=set)
    closing: bool = False


async def start(reception: Reception) -> Door:
    """Open the door. Raises UsageError if its port is not free."""
    settings, gateway = read(MllpSettings), read(GatewaySettings)
    connections = Connections[asyncio.Task[None]](settings.connections, settings.peer_connections)
    state = _State(reception, settings, gateway.allowed, Rate(settings.rate), connections)
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
    """Accept no more connections; close idle ones, and wait for those with a current message."""
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
    if state.closing or not is_allowed(address, state.allowed) or not _make_room(state, address):
        log.warning("mllp.turned_away", address=address, connections=len(state.busy))
        writer.transport.abort()
        return
    tune(writer.get_extra_info("socket"))
    state.busy[task] = False
    state.open.add(task, address)
    try:
        async for frames in _frames(state.settings, reader, partial(_note_rest, state, task)):
            state.busy[task] = True
            for start in range(0, len(frames), FRAMES_AT_ONCE):
                some = frames[start : start + FRAMES_AT_ONCE]
                await state.rate.wait(address, len(some))
                await _answer(state, writer, some, address)
            state.busy[task] = False
            if state.closing:
                break
    except asyncio.CancelledError:
        # Cancelled by _close, which waits for it, or to make room. Streams of Python 3.11 log one that ends as
        # cancelled as an error.
        if not state.closing and task not in state.gone:
            raise
    except (OSError, TimeoutError) as error:
        log.info("mllp.lost", address=address, error=type(error).__name__)
    finally:
        del state.busy[task]
        state.open.remove(task)
        state.gone.discard(task)
        writer.close()


def _make_room(state: _State, address: str) -> bool:
    """Whether one more may connect from an address. If there is no room, an idle connection is closed."""
    room = state.open.room(address)
    if room.instead_of:
        log.info("mllp.gave_way", address=state.open.addresses[room.instead_of], connections=len(state.open))
        state.open.remove(room.instead_of)
        state.gone.add(room.instead_of)
        room.instead_of.cancel()
    return room.is_there


def _note_rest(state: _State, task: asyncio.Task[None], rests: bool) -> None:
    if rests:
        state.open.rest(task)
    else:
        state.open.work(task)


async def _frames(
    settings: MllpSettings, reader: asyncio.StreamReader, note_rest: Callable[[bool], None]
) -> AsyncIterator[list[Frame]]:
    """The frames of each read. Ends with the connection, or after the idle time.

    `note_rest` is called with whether the connection waits for a new message.
    """
    framing, is_first = Framing(RAW_LIMIT), True
    while True:
        note_rest(not framing.is_open)
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
        note_rest(False)
        if is_first and is_http(chunk):
            log.warning("mllp.http", what="a browser or HTTP client connected, and was disconnected")
            return
        is_first = False
        if frames := framing.feed(chunk) if chunk else framing.end():
            yield frames
        if not chunk:
            return


async def _answer(state: _State, writer: asyncio.StreamWriter, frames: list[Frame], address: str) -> None:
    """Receive the frames at once and answer them in their order. Raises TimeoutError if the peer does not read."""
    reply = partial(reply_to, state.reception.of(address), limits=BatchLimits(state.settings.batch, state.rate))
    if len(frames) == 1:
        await _write(state, writer, await reply(frames[0]))
        return
    replies = [asyncio.ensure_future(reply(frame)) for frame in frames]
    try:
        for replied in replies:
            await _write(state, writer, await replied)
    finally:
        # Finish receiving even if it can't be answered; the sender will send it again.
        await asyncio.gather(*replies, return_exceptions=True)


async def _write(state: _State, writer: asyncio.StreamWriter, content: bytes | None) -> None:
    """Send an answer, if there is one. Raises TimeoutError if the peer does not read it, OSError if it disconnected."""
    if content is None:
        return
    writer.write(b"\x0b" + content + b"\x1c\r")
    if writer.transport.get_write_buffer_size() or writer.is_closing():
        async with asyncio.timeout(state.settings.stall):
            await writer.drain()


def tune(connection: socket.socket) -> None:
    """Send answers immediately (no Nagle), and detect dead peers (keep-alive)."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
