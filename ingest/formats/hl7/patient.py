"""The patient of an order: PID (HL7 v2.8 chapter 3.3.2)."""

from typing import NamedTuple

from ingest.formats.cleaning import clean_name, identifier
from ingest.formats.hl7.segments import Segment
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
    best = _best(segment, (3, 2), authorities) if segment else None
    if segment is None or best is None:
        return None
    return PatientFacts(
        authority=identifier(best.authority, "assigning authority") or source,
        identifier=identifier(best.value, "patient identifier"),
        sex=_SEXES.get(segment.text(8).upper()),
        birth_date=hl7_date(segment.text(7)),
    )


def read_retired(
    segment: Segment, survivor_authority: str, authorities: tuple[str, ...], source: str
) -> PatientFacts | None:
    """The patient that is given up: MRG-1, of several the one of the survivor's authority, else as in PID-3."""
    best = _best(segment, (1,), (survivor_authority, *authorities))
    if best is None:
        return None
    return PatientFacts(
        authority=identifier(best.authority, "assigning authority") or source,
        identifier=identifier(best.value, "patient identifier"),
    )


def _best(segment: Segment, numbers: tuple[int, ...], authorities: tuple[str, ...]) -> _Identifier | None:
    given = [_identifier(segment, repetition) for number in numbers for repetition in segment.repeats(number)]
    ranks = {name: rank for rank, name in enumerate(authorities)}
    return min(
        (each for each in given if each.value),
        key=lambda each: (ranks.get(each.authority, len(ranks)), each.kind != "MR"),
        default=None,
    )


def _identifier(segment: Segment, repetition: str) -> _Identifier:
    """A CX (2A.3.14): value, assigning authority (its name, else its universal id), type."""
    authority = segment.part(repetition, 4) or segment.part(repetition, 4, 2)
    return _Identifier(
        clean_name(segment.part(repetition, 1)), clean_name(authority), segment.part(repetition, 5).upper()
    )
