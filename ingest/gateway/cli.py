"""`vlmkg gateway`."""

import asyncio

import click

from ingest.gateway.run import run_gateway
from ingest.gateway.settings import GatewaySettings, read
from ingest.workers.logs import configure_logging
from vlmkg.data_dir import DataDir
from vlmkg.options import data_option


@click.command()
@data_option
def gateway(data: DataDir) -> None:
    """Open the doors of hospital feeds. Ctrl-C or SIGTERM closes them after the messages in hand.

    Settings: VLMKG_GATEWAY_DOORS, VLMKG_GATEWAY_HOST, VLMKG_MLLP_PORT and the others of docs/conformance.
    """
    configure_logging()
    asyncio.run(run_gateway(data, read(GatewaySettings)))
