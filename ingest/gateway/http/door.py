"""Opens and closes the HTTP door: uvicorn within the gateway's own loop."""

import asyncio
import socket
import ssl
from functools import partial

import uvicorn

from ingest.gateway.door import Door, Reception
from ingest.gateway.http.access import Access
from ingest.gateway.http.app import make_app
from ingest.gateway.http.settings import HttpSettings
from ingest.gateway.rate import Rate
from ingest.gateway.settings import GatewaySettings, read
from ingest.gateway.tls import server_context
from ingest.http_connections import BoundedProtocol, serve
from vlmkg.errors import UsageError
from vlmkg.plaintext_settings import is_loopback

KEEP_ALIVE_S = 75


async def start(reception: Reception) -> Door:
    """Open the door. Raises UsageError if its port is not free, or if it would accept anyone without a key."""
    settings, gateway = read(HttpSettings), read(GatewaySettings)
    context = server_context(gateway, "http")
    if not settings.auth and not is_loopback(gateway.gateway_host):
        raise UsageError(
            "VLMKG_AUTH=off is allowed only on loopback", "set VLMKG_GATEWAY_HOST=127.0.0.1, or VLMKG_AUTH=on"
        )
    keyless = not settings.auth or (context is not None and context.verify_mode is ssl.CERT_REQUIRED)
    app = make_app(reception, settings.body * 1024 * 1024, Rate(settings.rate))
    guarded = Access(
        app, reception.receiver.ledger, gateway.allowed, keyless=keyless, local_names_only=not settings.auth
    )
    try:
        listening = socket.create_server((gateway.gateway_host, settings.port), backlog=128)
    except OSError as error:
        raise UsageError(
            f"HTTP can't listen at port {settings.port} ({error.strerror})", "set VLMKG_HTTP_PORT to a free port"
        ) from None
    server = _server(guarded, settings, context)
    task = asyncio.create_task(serve(server, listening))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    host, port = listening.getsockname()[:2]
    base = f"{'https' if context else 'http'}://{host}:{port}"
    addresses = {"dicomweb": f"{base}/dicomweb", "fhir": f"{base}/fhir"}

    async def close() -> None:
        server.should_exit = True
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            server.force_exit = True
            await task
            raise

    return Door("http", addresses, close)


def _server(app: Access, settings: HttpSettings, context: ssl.SSLContext | None) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        http=partial(BoundedProtocol, most_of_peer=settings.peer_connections),  # type: ignore[arg-type]
        limit_concurrency=settings.connections,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    config.load()
    config.ssl = context
    return uvicorn.Server(config)
