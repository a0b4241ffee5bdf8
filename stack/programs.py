"""The project's own programs as parts of the stack: gateway, workers and API, started by their own commands."""

import http.client
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from stack.addresses import DICOM, HTTP, MLLP, Addresses
from stack.child import Part, Tier
from stack.ports import HOST
from vlmkg.data_dir import DataDir

NO_HEADERS: Mapping[str, str] = {}
READY_FILE = "VLMKG_READY_FILE"
"""Variable with the path of the ready file, which a worker or gateway creates when it is ready."""
DOOR_PORTS = {MLLP: "VLMKG_MLLP_PORT", DICOM: "VLMKG_DICOM_PORT", HTTP: "VLMKG_HTTP_PORT"}


SYNTHETIC = {"VLMKG_GRAPH_TEXT": "true", "VLMKG_FILMS": "synthetic"}
"""Variables for synthetic data: report texts go into the graph, and films are drawings."""


def environment(addresses: Addresses, engine: str, *, synthetic: bool) -> dict[str, str]:
    """The variables with the addresses of the other parts and the engine, for every program of the stack."""
    graph = addresses.graph
    return {
        **os.environ,
        "NEO4J_URI": graph.uri,
        "NEO4J_USERNAME": graph.username,
        "NEO4J_PASSWORD": graph.password.get_secret_value(),
        "NEO4J_DATABASE": graph.database,
        "CELERY_BROKER_URL": addresses.broker_url,
        "VLMKG_LEDGER_URL": addresses.ledger_url,
        "VLMKG_BLOB_URL": addresses.blob_url,
        "VLMKG_DATA": str(addresses.data.root),
        "VLMKG_ENGINE": engine,
        **(SYNTHETIC if synthetic else {}),
    }


def worker(data: DataDir, queue: str, variables: Mapping[str, str]) -> Part:
    """A worker of one queue."""
    name = f"worker-{queue}"
    ready = data.run / f"{name}.ready"
    return Part(
        name=name,
        command=_vlmkg("worker", "--queue", queue),
        environment={**variables, READY_FILE: str(ready)},
        answers=ready.exists,
        tier=Tier.PROGRAM,
        grace_s=15.0,
        start_limit_s=120.0,
        remedy=f"see {data.logs / name}.log",
        ready_file=ready,
    )


def gateway(addresses: Addresses, variables: Mapping[str, str]) -> Part:
    """The gateway of hospital feeds.

    When its listeners are open, its ready file holds their addresses (see `doors`).
    """
    data, ports = addresses.data, addresses.ports
    return Part(
        name="gateway",
        command=_vlmkg("gateway"),
        environment={
            **variables,
            READY_FILE: str(_gateway_ready(data)),
            "VLMKG_GATEWAY_HOST": HOST,
            **{DOOR_PORTS[door]: str(ports[door].number) for door in DOOR_PORTS},
        },
        answers=_gateway_ready(data).exists,
        tier=Tier.PROGRAM,
        grace_s=13.0,
        start_limit_s=120.0,
        remedy=f"see {data.logs / 'gateway.log'}",
        ready_file=_gateway_ready(data),
    )


def doors(data: DataDir) -> dict[str, str]:
    """The addresses of the open listeners, by their keys in endpoints.json."""
    addresses: dict[str, str] = json.loads(_gateway_ready(data).read_text())
    return addresses


def _gateway_ready(data: DataDir) -> Path:
    return data.run / "gateway.ready"


def api(data: DataDir, port: int, variables: Mapping[str, str]) -> Part:
    """The GraphQL API."""
    return Part(
        name="api",
        command=_vlmkg("api"),
        environment={**variables, "VLMKG_API_HOST": HOST, "VLMKG_API_PORT": str(port)},
        answers=lambda: api_answers(port, data.api_key_file),
        tier=Tier.PROGRAM,
        grace_s=8.0,
        start_limit_s=120.0,
        remedy=f"see {data.logs / 'api.log'}",
    )


def api_answers(port: int, key_file: Path) -> bool:
    """Whether the API is ready and is ours: another stack's API would not know the key.
    The key is read each time, because it may have been renewed.

    Ports are chosen before they are bound, so two stacks that start at once can choose the same one.
    """
    key = key_file.read_text().strip() if key_file.exists() else ""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    ready = _status(port, "GET", "/readyz")
    return ready == http.HTTPStatus.OK == _status(port, "POST", "/graphql", '{"query": "{ __typename }"}', headers)


def _status(port: int, method: str, path: str, body: str | None = None, headers: Mapping[str, str] = NO_HEADERS) -> int:
    """The HTTP status of a response; 0 if there is none."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5.0)
    try:
        connection.request(method, path, body, dict(headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _vlmkg(*arguments: str) -> tuple[str, ...]:
    # -P: a folder `graph` in the working directory must not shadow the package.
    return (sys.executable, "-P", "-m", "vlmkg", *arguments)
