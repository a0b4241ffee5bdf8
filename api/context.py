"""The shared context of an operation's resolvers."""

from dataclasses import dataclass, field

from api.audit import AccessedData
from api.callers import Caller
from api.documents import Document
from api.settings import ApiSettings
from graph.reads.fetching import GraphReader
from ingest.receiving.submit import Receiver


@dataclass(frozen=True, slots=True)
class Services:
    """The open resources of the process."""

    settings: ApiSettings
    graph: GraphReader
    receiver: Receiver


@dataclass(slots=True)
class ApiContext:
    """One operation: its caller, and the accessed data.

    `operation_name` is the client's. `action` is the action in the audit trail. `document` is set when the operation
    has passed the guard, before any resolver runs.
    """

    services: Services
    caller: Caller
    operation_name: str | None
    trail: AccessedData = field(default_factory=AccessedData)
    action: str = ""
    document: Document = field(init=False)
