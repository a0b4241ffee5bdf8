"""`vlmkg gateway`."""

import asyncio

import click

from ingest.heartbeat_command import health
from vlmkg.data_dir import DataDir
from vlmkg.logs import configure_logging
from vlmkg.options import data_option


@click.group(invoke_without_command=True)
@data_option
@click.pass_context
def gateway(context: click.Context, data: DataDir) -> None:
    """Open the doors of hospital feeds. Ctrl-C or SIGTERM closes them after the messages in hand.

    Settings: VLMKG_GATEWAY_DOORS, VLMKG_GATEWAY_HOST, VLMKG_MLLP_PORT and the others of docs/conformance.
    """
    if context.invoked_subcommand is not None:
        return
    # Imported here, because `health` runs every few seconds and needs none of it.
    from ingest.gateway.run import run_gateway  # noqa: PLC0415
    from ingest.gateway.settings import GatewaySettings, read  # noqa: PLC0415

    configure_logging()
    asyncio.run(run_gateway(data, read(GatewaySettings)))


gateway.add_command(health)
