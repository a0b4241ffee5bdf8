"""The whole stack, from an empty folder to `ready` and back to nothing."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from pydantic import ValidationError

from graph.connection import open_driver
from graph.migrate import migrate
from ingest.ledger.access.api_keys import ensure_admin_key
from ingest.ledger.storage.database import open_ledger
from ingest.pseudonyms import load_key
from ingest.settings import IngestSettings
from stack.child import Part
from stack.console import Row, say, show
from stack.folder import owned, secret
from stack.places import API, BOLT, BROWSER, REDIS, REDIS_PASSWORD, Places, endpoints_of, find_places, rows_of
from stack.ports import release
from stack.programs import api, doors, environment, gateway, worker
from stack.servers import graph_answers, neo4j_part, redis_part, why_redis_fails
from stack.settings import StackSettings
from stack.stopping import Stopping
from stack.supervisor import Supervisor, start_together
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.default_engine import MODEL, Choice, checkpoint_of, choose_engine
from vlmkg.errors import UsageError
from vlmkg.settings import EngineSettings


@contextmanager
def running_stack(data: DataDir, *, synthetic: bool = False) -> Iterator[Endpoints]:
    """Start every part, print where they are and `ready`, and stop them all at the end of the block.

    SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt in the block, or before it. `synthetic`: no data are of patients,
    so the reports' text goes into the graph too, and a checkpoint that was trained on phantoms sees the films. Raises
    UsageError or PartError where a part can't be started, and PartError where one died too often while the block ran.
    """
    settings = _settings()
    with ExitStack() as cleanup, owned(data, say) as lock:
        stopping = Stopping()
        supervisor = Supervisor(data, lock, say, stopping.held)
        with stopping.handled(supervisor.hurry):
            try:
                with _said(stopping):
                    places = find_places(data, settings)
                    cleanup.callback(release, places.ports)
                    engine = choose_engine(EngineSettings().engine, data)
                    reads = _reads(engine, data)
                    say(f"starting in {data.root}")
                    with stopping.held():  # to ask Java for its version takes a process
                        neo4j = _neo4j(places, settings.vlmkg_neo4j_heap)
                    variables = environment(places, engine.engine, synthetic=synthetic)
                    endpoints = _start(places, supervisor, neo4j, variables)
                    data.write_endpoints(endpoints)
                    show([*rows_of(places, endpoints), reads])
                    say("ready")
                    supervisor.watch()
                    yield endpoints
            finally:
                # No signal raises here any more (see `_said`).
                data.endpoints_file.unlink(missing_ok=True)
                supervisor.stop()
                if supervisor.failure is not None:
                    # It sent the signal itself, and says why.
                    raise supervisor.failure


@contextmanager
def _said(stopping: Stopping) -> Iterator[None]:
    """Say that a signal stops the stack. However the block ends, signals only hurry afterwards."""
    try:
        yield
    except KeyboardInterrupt:
        say("stopping")
        raise
    finally:
        # A signal that comes before this line raises here; then there is no other that would.
        stopping.end()


def wait_for_signal() -> None:
    """Do nothing until one of the stop signals comes: each raises KeyboardInterrupt here."""
    while True:
        signal.pause()


def _settings() -> StackSettings:
    try:
        return StackSettings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UsageError(f"{str(first['loc'][0]).upper()}: {first['msg']}", "correct the environment") from error


def _reads(choice: Choice, data: DataDir) -> Row:
    """What reads the reports here. Raises UsageError where `model` is asked for and stands for no checkpoint."""
    if choice.engine == MODEL:
        return Row("Engine", str(checkpoint_of(data)), "the model, with the rules as second witness")
    return Row("Engine", choice.engine, choice.told)


def _start(places: Places, supervisor: Supervisor, neo4j: Sequence[Part], variables: Mapping[str, str]) -> Endpoints:
    """What can be wrong at once, then the servers, the graph's migrations, and the programs.

    Those that need no graph start while Neo4j does, which leaves a core idle.
    """
    _require_those_elsewhere(places)
    api_key = _prepare_ledger(places)
    start_together(supervisor, _redis(places))
    graph = [supervisor.start(part) for part in neo4j]
    early = (gateway(places, variables), worker(places.data, "extract", variables))
    programs = [supervisor.start(part) for part in early]
    for child in graph:
        supervisor.wait_until_answers(child)
    with open_driver(places.graph) as driver:
        migrate(driver, places.graph.database)
    late = (worker(places.data, "merge", variables), api(places.data, places.ports[API].number, variables))
    for child in [*programs, *(supervisor.start(part) for part in late)]:
        supervisor.wait_until_answers(child)
    return endpoints_of(places, api_key, doors(places.data))


def _require_those_elsewhere(places: Places) -> None:
    """Say so at once, before anything is started, where a part that the user brings does not answer."""
    remedy = "start it, correct the variable, or unset it to have one started here"
    if not places.own_redis and (fault := why_redis_fails(places.broker_url)) is not None:
        raise UsageError(f"the Redis of CELERY_BROKER_URL can't be used: {fault}", f"{fault.remedy}; or {remedy}")
    if not places.own_neo4j and not graph_answers(places.graph):
        raise UsageError("the Neo4j of NEO4J_URI does not answer, or refuses the login", remedy)


def _redis(places: Places) -> list[Part]:
    """None where the user brings one."""
    if not places.own_redis:
        return []
    return [redis_part(places.data, port=places.ports[REDIS].number, password=secret(places.data, REDIS_PASSWORD))]


def _neo4j(places: Places, heap_mib: int) -> list[Part]:
    """None where the user brings one."""
    if not places.own_neo4j:
        return []
    bolt, http = places.ports[BOLT].number, places.ports[BROWSER].number
    return [neo4j_part(places.data, places.graph, bolt_port=bolt, http_port=http, heap_mib=heap_mib)]


def _prepare_ledger(places: Places) -> str:
    """Bring the ledger up to date and make what must exist before several processes ask for it. Gives the API key."""
    ledger = open_ledger(places.ledger_url)
    try:
        configured = IngestSettings().pseudonym_key
        load_key(ledger, configured.get_secret_value() if configured else None, places.data.secrets)
        return ensure_admin_key(ledger, places.data.api_key_file)
    finally:
        ledger.close()
