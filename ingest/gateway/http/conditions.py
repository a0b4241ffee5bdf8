"""If-None-Exist (FHIR R4 3.1.0.8.1): looks up a received resource by identifier.

What is found is read whole, and may be as large as a message. So a sender has one read at a time, and a Bundle that
asks for the same again and again has it read once.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from ingest.errors import BlobLostError
from ingest.formats.fhir.ids import given_id, names_by_id, put_id
from ingest.formats.fhir.parser import SOURCE
from ingest.formats.fhir.references import condition_identifier
from ingest.formats.json_text import object_of
from ingest.formats.origin import Format
from ingest.gateway.door import Reception
from ingest.gateway.http.stored import Version
from ingest.ledger.events import events
from ingest.ledger.events.events import Event, find_named
from ingest.receiving.raw import raw_of


class UnsupportedConditionError(ValueError):
    """The condition is not on an identifier only."""


class Existing(NamedTuple):
    """An existing resource. `resource` as it was sent; None if it can't be read back."""

    version: Version
    resource: dict[str, Any] | None


async def existing(reception: Reception, kind: str, condition: str) -> Existing | None:
    """The newest resource with this type and identifier; None if there is none.

    A message is found by its first report's identifier, or by its ImagingStudy's UID or accession. Raises
    UnsupportedConditionError, OutageError.
    """
    return await reception.large.do(reception.sender, partial(_existing, reception, kind, condition))


@dataclass(slots=True)
class Lookups:
    """The conditions of one Bundle. Each is looked up once."""

    reception: Reception
    _found: dict[tuple[str, str], asyncio.Task[Existing | None]] = field(default_factory=dict)

    async def existing(self, kind: str, condition: str) -> Existing | None:
        """As `existing`."""
        asked = (kind, condition)
        if asked not in self._found:
            self._found[asked] = asyncio.create_task(existing(self.reception, kind, condition))
        return await self._found[asked]


def _existing(reception: Reception, kind: str, condition: str) -> Existing | None:
    asked = condition_identifier(condition)
    if asked is None:
        raise UnsupportedConditionError
    sources = [asked.system, SOURCE] if asked.system else [SOURCE]
    with reception.receiver.ledger.read() as connection:
        found = find_named(connection, Format.FHIR, sources, [asked.value, asked.value.removeprefix("urn:oid:")])
        event = events.get(connection, found) if found is not None else None
    if event is None:
        return None
    name, resource = _resource(reception, event, kind)
    return Existing(Version(kind, name, event.id, event.received_at, fresh=False), resource)


def _resource(reception: Reception, event: Event, kind: str) -> tuple[str, dict[str, Any] | None]:
    """The first resource of this type in a stored message, and its id here."""
    try:
        root = object_of(raw_of(reception.receiver.ledger, reception.receiver.blobs, event)) or {}
    except BlobLostError:
        root = {}
    entries = root.get("entry") if root.get("resourceType") == "Bundle" else [{"resource": root}]
    for place, entry in enumerate(entries if isinstance(entries, list) else ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and resource.get("resourceType") == kind:
            own = put_id(entry) if names_by_id(entry, from_file=False) else ""
            return own or given_id(event.digest, place), resource
    return given_id(event.digest), None
