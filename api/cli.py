"""`vlmkg api`: serve the GraphQL API."""

import click
import uvicorn

from api.app import Parts, create_app
from api.settings import ApiSettings
from graph.settings import find_settings
from ingest.settings import receiver_of
from vlmkg.data_dir import DataDir
from vlmkg.options import data_option


@click.command()
@data_option
def api(data: DataDir) -> None:
    """Serve the GraphQL API, GraphiQL beside it, until SIGTERM or Ctrl-C.

    Settings: VLMKG_API_HOST, VLMKG_API_PORT and the others of docs/graphql.md.
    """
    settings = ApiSettings()
    app = create_app(settings, Parts(find_settings(data), lambda: receiver_of(data), _broker_url(settings, data)))
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


def _broker_url(settings: ApiSettings, data: DataDir) -> str | None:
    if settings.broker_url is not None:
        return settings.broker_url.get_secret_value()
    running = data.endpoints()
    return running.redis if running else None
