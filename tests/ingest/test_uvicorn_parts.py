"""What HTTP servers rely on in uvicorn beside what it documents. Read this when its version is raised."""

import asyncio
import inspect
import signal
import socket

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from ingest.http_connections import BoundedProtocol, serve


async def answer(scope, receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def test_a_protocol_has_what_its_bounds_look_at():
    config = uvicorn.Config(answer, lifespan="off", limit_concurrency=3, log_config=None)
    config.load()
    server = uvicorn.Server(config)
    protocol = AutoHTTPProtocol(config=config, server_state=server.server_state, app_state={})
    assert (protocol.connections, protocol.limit_concurrency, protocol.cycle) == (set(), 3, None)
    assert issubclass(BoundedProtocol, AutoHTTPProtocol)
    assert inspect.iscoroutinefunction(uvicorn.Server._serve)


async def test_serving_takes_no_signals_and_ends_when_it_is_told():
    before = signal.getsignal(signal.SIGTERM)
    config = uvicorn.Config(answer, lifespan="off", http=BoundedProtocol, limit_concurrency=3, log_config=None)
    config.load()
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(serve(server, listening))
    while not server.started:
        await asyncio.sleep(0.01)
    assert signal.getsignal(signal.SIGTERM) is before
    reader, writer = await asyncio.open_connection(*listening.getsockname()[:2])
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 204")
    writer.close()
    server.should_exit = True
    await asyncio.wait_for(task, 10)
