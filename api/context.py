"""What the resolvers of one operation share."""

from dataclasses import dataclass, field

from api.audit import AccessedData
from api.callers import Caller
from api.documents import Document
from api.settings import ApiSettings
from graph.reads.fetching import GraphReader
from ingest.receiving.submit import Receiver


@dataclass(frozen=True, slots=True)
class Services:
    """The open parts of the process."""

    settings: ApiSettings
    graph: GraphReader
    receiver: Receiver


@dataclass(slots=True)
class ApiContext:
    """One operation: who asks, and what it has touched.

    `operation_name` is as the client gave it. `action` is what the audit trail says was done. `document` is set once
    the operation has passed the guard, before any resolver runs.
    """

    services: Services
    caller: Caller
    operation_name: str | None
    trail: AccessedData = field(default_factory=AccessedData)
    action: str = ""
    document: Document = field(init=False)
