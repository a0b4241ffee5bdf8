"""Start the whole stack in a data folder, and stop it."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from pydantic import ValidationError

from graph.browser.guide import PATH
from graph.connection import open_driver
from graph.migrate import migrate
from ingest.ledger.access.api_keys import ensure_admin_key
from ingest.ledger.storage.database import open_ledger
from ingest.pseudonyms import load_key
from ingest.settings import IngestSettings
from stack.addresses import API, BOLT, BROWSER, REDIS, REDIS_PASSWORD, Addresses, endpoints_of, find_addresses, rows_of
from stack.child import Part
from stack.console import Row, say, show
from stack.folder import owned, secret
from stack.ports import HOST, release
from stack.programs import api, doors, environment, gateway, worker
from stack.servers import graph_answers, neo4j_part, redis_part, why_redis_fails
from stack.settings import StackSettings
from stack.stopping import Stopping
from stack.supervisor import Supervisor, start_together
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.default_engine import MODEL, EngineChoice, checkpoint_of, choose_engine
from vlmkg.errors import UsageError
from vlmkg.settings import EngineSettings


@contextmanager
def running_stack(data: DataDir, *, synthetic: bool = False) -> Iterator[Endpoints]:
    """Start every part, print the addresses and `ready`, and stop all parts at the end of the block.

    SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt in the block, or before it. `synthetic`: there are no patient
    data, so report texts go into the graph, too, and a checkpoint that was trained on phantoms reads the films. Raises
    UsageError or PartError if a part can't be started, and PartError if one crashed too often.
    """
    settings = _settings()
    with ExitStack() as cleanup, owned(data, say) as lock:
        stopping = Stopping()
        supervisor = Supervisor(data, lock, say, stopping.held)
        with stopping.handled(supervisor.hurry):
            try:
                with _said(stopping):
                    addresses = find_addresses(data, settings)
                    cleanup.callback(release, addresses.ports)
                    engine = choose_engine(EngineSettings().engine, data)
                    reads = _reads(engine, data)
                    say(f"starting in {data.root}")
                    with stopping.held():  # asking Java for its version starts a process
                        neo4j = _neo4j(addresses, settings.vlmkg_neo4j_heap)
                    variables = environment(addresses, engine.engine, synthetic=synthetic)
                    endpoints = _start(addresses, supervisor, neo4j, variables)
                    data.write_endpoints(endpoints)
                    show([*rows_of(addresses, endpoints), reads])
                    say("ready")
                    supervisor.watch()
                    yield endpoints
            finally:
                # No signal raises here any more (see `_said`).
                data.endpoints_file.unlink(missing_ok=True)
                supervisor.stop()
                if supervisor.failure is not None:
                    # The supervisor sent the signal itself, and the error says why.
                    raise supervisor.failure


@contextmanager
def _said(stopping: Stopping) -> Iterator[None]:
    """Print that a signal stops the stack. After the block, further signals only speed up the stop."""
    try:
        yield
    except KeyboardInterrupt:
        say("stopping")
        raise
    finally:
        # A signal before this line raises here.
        stopping.end()


def wait_for_signal() -> None:
    """Wait for a stop signal, which raises KeyboardInterrupt here."""
    while True:
        signal.pause()


def _settings() -> StackSettings:
    try:
        return StackSettings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UsageError(f"{str(first['loc'][0]).upper()}: {first['msg']}", "correct the environment") from error


def _reads(choice: EngineChoice, data: DataDir) -> Row:
    """The engine of this stack. Raises UsageError if `model` is requested and there is no checkpoint."""
    if choice.engine == MODEL:
        return Row("Engine", str(checkpoint_of(data)), "the model, with the rules as second witness")
    return Row("Engine", choice.engine, choice.told)


def _start(
    addresses: Addresses, supervisor: Supervisor, neo4j: Sequence[Part], variables: Mapping[str, str]
) -> Endpoints:
    """Check the settings, then start the servers, migrate the graph, and start the programs.

    Programs that need no graph start together with Neo4j, which leaves a core idle.
    """
    _require_those_elsewhere(addresses)
    api_key = _prepare_ledger(addresses)
    start_together(supervisor, _redis(addresses))
    graph = [supervisor.start(part) for part in neo4j]
    early = (gateway(addresses, variables), worker(addresses.data, "extract", variables))
    programs = [supervisor.start(part) for part in early]
    for child in graph:
        supervisor.wait_until_answers(child)
    with open_driver(addresses.graph) as driver:
        migrate(driver, addresses.graph.database)
    late = (worker(addresses.data, "merge", variables), api(addresses.data, addresses.ports[API].number, variables))
    for child in [*programs, *(supervisor.start(part) for part in late)]:
        supervisor.wait_until_answers(child)
    return endpoints_of(addresses, api_key, doors(addresses.data))


def _require_those_elsewhere(addresses: Addresses) -> None:
    """Raise UsageError before anything is started if an external part does not respond."""
    remedy = "start it, correct the variable, or unset the variable to start a local one"
    if not addresses.own_redis and (fault := why_redis_fails(addresses.broker_url)) is not None:
        raise UsageError(f"the Redis of CELERY_BROKER_URL can't be used: {fault}", f"{fault.remedy}; or {remedy}")
    if not addresses.own_neo4j and not graph_answers(addresses.graph):
        raise UsageError("the Neo4j of NEO4J_URI does not respond, or refuses the login", remedy)


def _redis(addresses: Addresses) -> list[Part]:
    """The part; None if the user has an external one."""
    if not addresses.own_redis:
        return []
    return [
        redis_part(addresses.data, port=addresses.ports[REDIS].number, password=secret(addresses.data, REDIS_PASSWORD))
    ]


def _neo4j(addresses: Addresses, heap_mib: int) -> list[Part]:
    """The part; None if the user has an external one."""
    if not addresses.own_neo4j:
        return []
    bolt, http = addresses.ports[BOLT].number, addresses.ports[BROWSER].number
    guide = f"http://{HOST}:{addresses.ports[API].number}{PATH}"
    return [neo4j_part(addresses.data, addresses.graph, bolt_port=bolt, http_port=http, heap_mib=heap_mib, guide=guide)]


def _prepare_ledger(addresses: Addresses) -> str:
    """Migrate the ledger and create the files that several processes need. Returns the API key."""
    ledger = open_ledger(addresses.ledger_url)
    try:
        configured = IngestSettings().pseudonym_key
        load_key(ledger, configured.get_secret_value() if configured else None, addresses.data.secrets)
        return ensure_admin_key(ledger, addresses.data.api_key_file)
    finally:
        ledger.close()
