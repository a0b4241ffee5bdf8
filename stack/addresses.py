"""The addresses of all parts of a stack, decided once at the start from settings and free ports."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from graph.local_server import USERNAME
from graph.settings import Neo4jSettings, find_settings
from stack.console import Row
from stack.folder import secret
from stack.ports import HOST, Port, choose
from stack.servers import redis_url
from stack.settings import StackSettings
from vlmkg.data_dir import DataDir, Endpoints

BOLT, BROWSER, REDIS, API = "bolt", "browser", "redis", "api"
MLLP, DICOM, HTTP = "mllp", "dicom", "http"
NEO4J_PASSWORD, REDIS_PASSWORD = "neo4j.password", "redis.password"
"""Files in the folder of secrets."""
DOORS = ("mllp", "dicom", "dicomweb", "fhir")
"""The gateway's listeners (doors), as endpoints.json names them."""
USUAL_PORTS = {BOLT: 7687, BROWSER: 7474, REDIS: 6379}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses of all parts. `own_neo4j` and `own_redis`: the stack starts them itself."""

    data: DataDir
    ports: Mapping[str, Port]
    graph: Neo4jSettings
    own_neo4j: bool
    broker_url: str
    own_redis: bool
    ledger_url: str
    own_ledger: bool
    blob_url: str
    own_blobs: bool


def find_addresses(data: DataDir, settings: StackSettings) -> Addresses:
    """Decide all addresses. Raises UsageError if NEO4J_URI is set without a password."""
    doors = {MLLP: settings.vlmkg_mllp_port, DICOM: settings.vlmkg_dicom_port, HTTP: settings.vlmkg_http_port}
    ports = choose({**USUAL_PORTS, API: settings.vlmkg_api_port, **doors})
    broker, ledger = settings.celery_broker_url, settings.vlmkg_ledger_url
    return Addresses(
        data=data,
        ports=ports,
        graph=find_settings(data) if settings.neo4j_uri else _own_graph(data, ports[BOLT]),
        own_neo4j=settings.neo4j_uri is None,
        broker_url=broker.get_secret_value() if broker else _own_redis(data, ports[REDIS]),
        own_redis=broker is None,
        ledger_url=ledger.get_secret_value() if ledger else data.ledger_url,
        own_ledger=ledger is None,
        blob_url=settings.vlmkg_blob_url or data.blob_url,
        own_blobs=settings.vlmkg_blob_url is None,
    )


def endpoints_of(addresses: Addresses, api_key: str, doors: Mapping[str, str]) -> Endpoints:
    """The running stack's addresses for other programs. `doors` are the addresses of the open listeners."""
    api = f"http://{HOST}:{addresses.ports[API].number}"
    return Endpoints(
        page=f"{api}/",
        graphql=f"{api}/graphql",
        api=api,
        bolt=addresses.graph.uri,
        browser=_browser(addresses) if addresses.own_neo4j else None,
        redis=addresses.broker_url,
        neo4j_username=addresses.graph.username,
        neo4j_password=addresses.graph.password.get_secret_value(),
        api_key=api_key,
        **{name: doors.get(name) for name in DOORS},
    )


def rows_of(addresses: Addresses, endpoints: Endpoints) -> list[Row]:
    """The table of addresses. It names the files that hold passwords, never the passwords: consoles may be recorded."""
    secrets, ports = addresses.data.secrets, addresses.ports
    key = f"key in {addresses.data.api_key_file}"
    rows = [
        Row("Page", f"http://{HOST}:{ports[API].number}/", _note(ports[API], key)),
        Row("GraphQL", f"http://{HOST}:{ports[API].number}/graphql", _note(ports[API], key)),
    ]
    rows += [
        Row(label, address, _note(ports[port]))
        for label, address, port in (
            ("HL7 over MLLP", endpoints.mllp, MLLP),
            ("DICOM", endpoints.dicom, DICOM),
            ("DICOMweb", endpoints.dicomweb, HTTP),
            ("FHIR", endpoints.fhir, HTTP),
        )
        if address
    ]
    if addresses.own_neo4j:
        login = f"user {USERNAME}, password in {secrets / NEO4J_PASSWORD}"
        rows.append(Row("Neo4j Browser", _browser(addresses), _note(ports[BROWSER], login)))
        rows.append(Row("Neo4j Bolt", addresses.graph.uri, _note(ports[BOLT])))
    else:
        rows.append(Row("Neo4j Bolt", addresses.graph.uri, "external, set by NEO4J_URI"))
    if addresses.own_redis:
        password = f"password in {secrets / REDIS_PASSWORD}"
        rows.append(Row("Redis", f"{HOST}:{ports[REDIS].number}", _note(ports[REDIS], password)))
    else:
        rows.append(Row("Redis", "", "external, set by CELERY_BROKER_URL"))
    # An external address may contain a password.
    ledger = ("", "external, set by VLMKG_LEDGER_URL") if not addresses.own_ledger else (addresses.ledger_url, "")
    blobs = ("", "external, set by VLMKG_BLOB_URL") if not addresses.own_blobs else (addresses.blob_url, "")
    rows += [Row("Ledger", *ledger), Row("Blobs", *blobs)]
    rows.append(Row("Logs", str(addresses.data.logs)))
    return rows


def _own_graph(data: DataDir, bolt: Port) -> Neo4jSettings:
    password = SecretStr(secret(data, NEO4J_PASSWORD))
    return Neo4jSettings(uri=f"bolt://{HOST}:{bolt.number}", username=USERNAME, password=password, database="neo4j")


def _own_redis(data: DataDir, port: Port) -> str:
    return redis_url(port.number, secret(data, REDIS_PASSWORD))


def _browser(addresses: Addresses) -> str:
    return f"http://{HOST}:{addresses.ports[BROWSER].number}/browser/"


def _note(port: Port, more: str = "") -> str:
    return "; ".join(part for part in (port.note, more) if part)
