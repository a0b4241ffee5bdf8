"""`vlmkg api`: serve the GraphQL API."""

from functools import partial

import click
import structlog
import uvicorn

from api.app import Parts, create_app
from api.oidc.settings import oidc_settings
from api.settings import ApiSettings
from graph.settings import find_settings
from ingest.http_connections import BoundedProtocol
from ingest.ledger.access.api_keys import make_first_admin_key
from ingest.receiving.submit import Receiver
from ingest.redis_address import read_address
from ingest.settings import receiver_of
from vlmkg.data_dir import DataDir
from vlmkg.logs import configure_logging
from vlmkg.options import data_option
from vlmkg.plaintext_settings import require_protected

log = structlog.get_logger()

WS_MESSAGE_LIMIT = 256 * 1024
"""Most bytes of a subscription message: a document and its variables."""


@click.command()
@data_option
def api(data: DataDir) -> None:
    """Serve the GraphQL API and GraphiQL until SIGTERM or Ctrl-C.

    Settings: VLMKG_API_HOST, VLMKG_API_PORT and others, see docs/graphql.md.
    """
    configure_logging()
    settings = ApiSettings()
    require_protected("the API", settings.host, setting="VLMKG_API_HOST")
    parts = Parts(find_settings(data), lambda: _open_receiver(data), _broker_url(settings, data))
    app = create_app(settings, parts, oidc_settings())
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        http=partial(BoundedProtocol, most_of_peer=settings.peer_connections),  # type: ignore[arg-type]
        limit_concurrency=settings.connections,
        ws="websockets-sansio",
        ws_max_size=WS_MESSAGE_LIMIT,
    )


def _open_receiver(data: DataDir) -> Receiver:
    """Open everything that receiving needs. The first API of a ledger creates the admin key in its data folder."""
    receiver = receiver_of(data)
    if make_first_admin_key(receiver.ledger, data.api_key_file):
        log.warning("first admin key made", file=str(data.api_key_file))
    return receiver


def _broker_url(settings: ApiSettings, data: DataDir) -> str | None:
    if settings.broker_url is not None:
        url = settings.broker_url.get_secret_value()
        read_address(url)  # said at the start, not at each look at /readyz
        return url
    running = data.endpoints()
    return running.redis if running else None
