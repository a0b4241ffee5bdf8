"""If-None-Exist (FHIR R4 3.1.0.8.1): whether a resource of that identifier was received already."""

from urllib.parse import parse_qsl

from ingest.formats.fhir.parser import SOURCE
from ingest.formats.origin import Format
from ingest.ledger.events.events import find_named
from ingest.ledger.storage.database import Ledger


class UnsupportedConditionError(ValueError):
    """The condition is none on an identifier alone."""


def existing(ledger: Ledger, condition: str) -> int | None:
    """The event that brought a resource of this identifier; None where there is none.

    A message is found by its first report's identifier, or by its ImagingStudy's UID or accession. Raises
    UnsupportedConditionError, OutageError.
    """
    pairs = parse_qsl(condition.removeprefix("?"), keep_blank_values=True)
    if len(pairs) != 1 or pairs[0][0] != "identifier" or not pairs[0][1]:
        raise UnsupportedConditionError
    system, bar, value = pairs[0][1].rpartition("|")
    sources = [system, SOURCE] if bar and system else [SOURCE]
    with ledger.read() as connection:
        return find_named(connection, Format.FHIR, sources, [value, value.removeprefix("urn:oid:")])
