"""The state of a system at one moment. Each store is queried separately.

If one does not respond, only its numbers are missing.
"""

import http.client
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from graph.connection import Driver, open_driver
from graph.errors import GraphUnavailableError
from graph.settings import find_settings
from graph.status import count_graph
from ingest.errors import OutageError
from ingest.heartbeat import OLDEST_S, beats
from ingest.ledger.events import events
from ingest.ledger.readings import checkpoints
from ingest.ledger.readings.checkpoints import EngineUse
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.warning_counts import warning_counts
from ingest.settings import existing_ledger_of
from ingest.workers.settings import WorkerSettings
from stack.addresses import DOORS
from stack.servers import why_redis_fails
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.default_engine import find_checkpoint
from vlmkg.errors import UsageError

PATIENCE_S = 2.0
"""How long a door or the API may take to answer."""

READY = ".ready"


@dataclass(frozen=True, slots=True)
class PartState:
    """One part: whether it works, and its error or details."""

    name: str
    works: bool
    told: str


@dataclass(frozen=True, slots=True)
class DoorState:
    """One door of the gateway."""

    name: str
    address: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class EventCounts:
    """The ledger's events: by state; refused and dead ones by reason; warnings by code, those of readings included."""

    states: dict[str, int]
    oldest_waiting_s: float
    refused: dict[str, int]
    dead: dict[str, int]
    warnings: dict[str, int]
    engines: list[EngineUse]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A system at one moment. `events` and `graph` are None while ledger or graph do not answer."""

    at: datetime
    data: str
    parts: list[PartState]
    doors: list[DoorState]
    checkpoint: str | None
    events: EventCounts | None
    graph: dict[str, int] | None

    @property
    def works(self) -> bool:
        """Whether every part does, and every door is open."""
        return all(part.works for part in self.parts) and all(door.is_open for door in self.doors)


class Observer:
    """Looks at one system again and again, with connections that stay open. Close it."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._opened = ExitStack()
        self._ledger: Ledger | None = None
        self._driver: Driver | None = None

    def close(self) -> None:
        """Close its connections."""
        self._opened.close()

    def look(self) -> Snapshot:
        """The current state. Raises UsageError if there is no ledger."""
        endpoints = self._data.endpoints() or Endpoints()
        ledger, counts = self._look_at_ledger()
        graph, nodes = self._look_at_graph()
        parts = [ledger, graph, *self._queue(endpoints), *_api(endpoints), *_processes(self._data.run)]
        checkpoint = find_checkpoint(self._data)
        return Snapshot(
            at=datetime.now(UTC),
            data=str(self._data.root),
            parts=parts,
            doors=[_door(name, address) for name in DOORS if (address := getattr(endpoints, name))],
            checkpoint=str(checkpoint) if checkpoint else None,
            events=counts,
            graph=nodes,
        )

    def _look_at_ledger(self) -> tuple[PartState, EventCounts | None]:
        try:
            if self._ledger is None:
                self._ledger = existing_ledger_of(self._data)
                self._opened.callback(self._ledger.close)
            counts = _count(self._ledger)
        except OutageError as error:
            return PartState("ledger", False, str(error)), None
        return PartState("ledger", True, self._ledger.reader.url.get_backend_name()), counts

    def _look_at_graph(self) -> tuple[PartState, dict[str, int] | None]:
        try:
            settings = find_settings(self._data)
            if self._driver is None:
                self._driver = self._opened.enter_context(open_driver(settings))
            labels = count_graph(self._driver, settings.database).labels
        except (GraphUnavailableError, UsageError) as error:
            return PartState("graph", False, str(error)), None
        return PartState("graph", True, f"{labels.get('Study', 0):,} studies"), labels

    def _queue(self, endpoints: Endpoints) -> list[PartState]:
        named = WorkerSettings().broker_url
        url = named.get_secret_value() if named else endpoints.redis
        if url is None:
            return [PartState("queue", False, "no stack runs here, and CELERY_BROKER_URL is not set")]
        fault = why_redis_fails(url)
        return [PartState("queue", fault is None, str(fault) if fault else "answers")]


def _count(ledger: Ledger) -> EventCounts:
    with ledger.read() as connection:
        return EventCounts(
            states={state.value: number for state, number in events.summary(connection).items()},
            oldest_waiting_s=round(events.oldest_unsettled(connection).total_seconds(), 1),
            refused=events.reasons(connection, State.REFUSED),
            dead=events.reasons(connection, State.DEAD),
            warnings=warning_counts(connection),
            engines=checkpoints.engines(connection),
        )


def _api(endpoints: Endpoints) -> list[PartState]:
    if endpoints.api is None:
        return []
    address = urlsplit(endpoints.api)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return [PartState("api", False, f"does not answer ({type(error).__name__})")]
    finally:
        connection.close()
    return [PartState("api", status == http.HTTPStatus.OK, endpoints.api)]


def _processes(run: Path) -> list[PartState]:
    """The workers and the gateway of this machine's stack, by their last signs of life."""
    found = []
    for ready in sorted(run.glob(f"*{READY}")):
        name = ready.name.removesuffix(READY)
        for beat in beats(ready):
            lives = beat.age_s <= OLDEST_S
            found.append(PartState(name, lives, f"sign of life {beat.age_s:.0f} s ago"))
    return found


def _door(name: str, address: str) -> DoorState:
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE_S).close()
    except OSError:
        return DoorState(name, address, is_open=False)
    return DoorState(name, address, is_open=True)
