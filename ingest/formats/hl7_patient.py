"""The patient of an order: PID (HL7 v2.8 chapter 3.3.2)."""

from typing import NamedTuple

from ingest.formats.cleaning import clean_name, identifier
from ingest.formats.hl7_segments import Segment
from ingest.formats.times import hl7_date
from ingest.messages import PatientFacts

_SEXES = {"F": "female", "M": "male", "O": "other", "A": "other", "U": "unknown"}


class _Identifier(NamedTuple):
    value: str
    authority: str
    kind: str


def read_patient(segment: Segment | None, authorities: tuple[str, ...], source: str) -> PatientFacts | None:
    """The patient under one identifier; None where there is none.

    Of several in PID-3 the one of the most preferred authority is taken, then a medical record number (type MR), then
    the first. PID-2 (v2.3) counts as one more. `source` is the authority of identifiers that name none.
    """
    if segment is None:
        return None
    given = [_identifier(segment, repetition) for number in (3, 2) for repetition in segment.repeats(number)]
    found = [each for each in given if each.value]
    if not found:
        return None
    ranks = {name: rank for rank, name in enumerate(authorities)}
    best = min(found, key=lambda each: (ranks.get(each.authority, len(ranks)), each.kind != "MR"))
    return PatientFacts(
        authority=identifier(best.authority, "assigning authority") or source,
        identifier=identifier(best.value, "patient identifier"),
        sex=_SEXES.get(segment.text(8).upper()),
        birth_date=hl7_date(segment.text(7)),
    )


def _identifier(segment: Segment, repetition: str) -> _Identifier:
    """A CX (2A.3.14): value, assigning authority (its name, else its universal id), type."""
    authority = segment.part(repetition, 4) or segment.part(repetition, 4, 2)
    return _Identifier(
        clean_name(segment.part(repetition, 1)), clean_name(authority), segment.part(repetition, 5).upper()
    )
