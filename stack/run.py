"""The whole stack, from an empty folder to `ready` and back to nothing."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from pydantic import ValidationError

from graph.connection import open_driver
from graph.migrate import migrate
from ingest.ledger.api_keys import ensure_admin_key
from ingest.ledger.database import open_ledger
from ingest.pseudonyms import load_key
from ingest.settings import IngestSettings
from stack.child import Part
from stack.console import Row, say, show
from stack.folder import owned, secret
from stack.places import API, API_KEY, BOLT, BROWSER, REDIS, REDIS_PASSWORD, Places, endpoints_of, find_places, rows_of
from stack.ports import release
from stack.programs import api, doors, environment, gateway, worker
from stack.servers import graph_answers, neo4j_part, redis_answers, redis_part
from stack.settings import StackSettings
from stack.supervisor import Supervisor, start_together
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.default_engine import MODEL, Choice, checkpoint_of, choose_engine
from vlmkg.errors import UsageError
from vlmkg.settings import EngineSettings

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def running_stack(data: DataDir, *, graph_text: bool = False) -> Iterator[Endpoints]:
    """Start every part, print where they are and `ready`, and stop them all at the end of the block.

    SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt in the block, or before it. `graph_text` also writes the reports'
    text into the graph. Raises UsageError or PartError where a part can't be started, and PartError where one died too
    often while the block ran.
    """
    settings = _settings()
    with ExitStack() as cleanup, owned(data, say) as lock:
        supervisor = Supervisor(data, lock, say)
        with _stop_signals(supervisor.hurry):
            try:
                places = find_places(data, settings)
                cleanup.callback(release, places.ports)
                engine = choose_engine(EngineSettings().engine, data)
                reads = _reads(engine, data)
                say(f"starting in {data.root}")
                endpoints = _start(
                    places, supervisor, engine.engine, heap_mib=settings.vlmkg_neo4j_heap, graph_text=graph_text
                )
                data.write_endpoints(endpoints)
                show([*rows_of(places, endpoints), reads])
                say("ready")
                supervisor.watch()
                yield endpoints
            except KeyboardInterrupt:
                say("stopping")
                raise
            finally:
                data.endpoints_file.unlink(missing_ok=True)
                supervisor.stop()
                if supervisor.failure is not None:
                    # It sent the signal itself, and says why.
                    raise supervisor.failure


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


def _start(places: Places, supervisor: Supervisor, engine: str, *, heap_mib: int, graph_text: bool) -> Endpoints:
    """What can be wrong at once, then the servers, the graph's migrations, and the programs that need all of them."""
    _require_those_elsewhere(places)
    api_key = _prepare_ledger(places)
    servers = [supervisor.start(part) for part in _servers(places, heap_mib)]
    for child in servers:
        supervisor.wait_until_answers(child)
    with open_driver(places.graph) as driver:
        migrate(driver, places.graph.database)
    start_together(supervisor, _programs(places, api_key, engine, graph_text=graph_text))
    return endpoints_of(places, api_key, doors(places.data))


def _require_those_elsewhere(places: Places) -> None:
    """Say so at once, before anything is started, where a part that the user brings does not answer."""
    remedy = "start it, correct the variable, or unset it to have one started here"
    if not places.own_redis and not redis_answers(places.broker_url):
        raise UsageError("the Redis of CELERY_BROKER_URL does not answer", remedy)
    if not places.own_neo4j and not graph_answers(places.graph):
        raise UsageError("the Neo4j of NEO4J_URI does not answer, or refuses the login", remedy)


def _servers(places: Places, heap_mib: int) -> Iterator[Part]:
    # Redis first: it is up before Neo4j's folder is prepared.
    if places.own_redis:
        yield redis_part(places.data, port=places.ports[REDIS].number, password=secret(places.data, REDIS_PASSWORD))
    if places.own_neo4j:
        yield neo4j_part(
            places.data,
            places.graph,
            bolt_port=places.ports[BOLT].number,
            http_port=places.ports[BROWSER].number,
            heap_mib=heap_mib,
        )


def _programs(places: Places, api_key: str, engine: str, *, graph_text: bool) -> list[Part]:
    variables = environment(places, engine, graph_text=graph_text)
    workers = [worker(places.data, queue, variables) for queue in ("extract", "merge")]
    return [gateway(places, variables), *workers, api(places.data, places.ports[API].number, variables, api_key)]


def _prepare_ledger(places: Places) -> str:
    """Bring the ledger up to date and make what must exist before several processes ask for it. Gives the API key."""
    ledger = open_ledger(places.ledger_url)
    try:
        configured = IngestSettings().pseudonym_key
        load_key(ledger, configured.get_secret_value() if configured else None, places.data.secrets)
        return ensure_admin_key(ledger, places.data.secrets / API_KEY)
    finally:
        ledger.close()


@contextmanager
def _stop_signals(hurry: Callable[[], None]) -> Iterator[None]:
    """The first stop signal raises KeyboardInterrupt, later ones make the end that has begun a quick one."""

    def later(_number: int, _frame: FrameType | None) -> None:
        hurry()

    def first(_number: int, _frame: FrameType | None) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, later)
        raise KeyboardInterrupt

    before = [signal.signal(number, first) for number in STOP_SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(STOP_SIGNALS, before, strict=True):
            signal.signal(number, handler)
