"""The shared context of an operation's resolvers."""

from dataclasses import dataclass, field

from api.audit import AccessedData
from api.callers import Caller
from api.counts import CountPolicy
from api.documents import Document
from api.masked_keys import KeyMask, mask_of
from api.rights import Right
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

    @property
    def mask(self) -> KeyMask | None:
        """How keys are hidden from the caller; None: the caller may see identifiers, and so the keys as they are."""
        return None if self._sees_identifiers else mask_of(self.services.receiver.pseudonym_key)

    @property
    def counts(self) -> CountPolicy:
        """How counts are told to the caller."""
        return CountPolicy(self.services.settings.min_cell, rounded=not self._sees_identifiers)

    @property
    def _sees_identifiers(self) -> bool:
        return self.caller.may(Right.IDENTIFIERS)
