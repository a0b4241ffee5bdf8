"""The patient of an order: PID (HL7 v2.8 chapter 3.3.2)."""

from datetime import UTC, date, datetime
from typing import NamedTuple

from ingest.formats.cleaning import clean_name, identifier
from ingest.formats.code_sets import code_set
from ingest.formats.hl7.segments import Segment
from ingest.formats.times import hl7_date
from ingest.messages import PatientFacts, PatientMerge

_SEXES = {"F": "female", "M": "male", "O": "other", "A": "other", "U": "unknown"}
_SEXES |= {word.upper(): word for word in _SEXES.values()}
"""Administrative sex (table 0001) by its letter, and by the word that some senders write out."""
_KINDS = {
    "MR": 0,
    **dict.fromkeys(code_set("MRN PI PT"), 1),
    **dict.fromkeys(code_set("SS DL PPN NI NH NIIP SN TAX"), 3),
    **dict.fromkeys(code_set("AN VN VS ANON ANT RRI U"), 4),
}
"""Types of identifiers (table 0203) by preference; others have 2. The last ones identify a visit or an account."""
_OTHER_KIND = 2
_PLACES = (3, 2, 4)
"""PID-3, then v2.3's fields for it."""


class PatientSaid(NamedTuple):
    """The patient of a message, and the same patient under the authority's other name."""

    facts: PatientFacts
    aliases: tuple[PatientMerge, ...] = ()
    expired: bool = False


class _Identifier(NamedTuple):
    value: str
    authority: str
    universal: str
    kind: str
    expired: bool
    place: int


def read_patient(
    segment: Segment | None, authorities: tuple[str, ...], source: str, at: datetime | None = None
) -> PatientSaid | None:
    """The patient under one identifier; None if there is none.

    If there are several, the order is: not expired at `at` (the message's time), most preferred authority, PID-3 before
    PID-2 and PID-4, type MR, then position. `source` is the authority of those that name none.
    """
    best = _best(segment, _PLACES, authorities, at) if segment else None
    if segment is None or best is None:
        return None
    facts = PatientFacts(
        authority=identifier(best.authority, "assigning authority") or source,
        identifier=identifier(best.value, "patient identifier"),
        sex=_SEXES.get(segment.text(8).upper()),
        birth_date=hl7_date(segment.text(7)),
    )
    return PatientSaid(facts, _aliases(facts, best), best.expired)


def read_retired(
    segment: Segment, survivor: PatientFacts | None, authorities: tuple[str, ...], source: str
) -> PatientFacts | None:
    """The merged patient: MRG-1. If it has several, the one of the survivor's authority, otherwise as in PID-3.

    Without an authority, it has the survivor's. v2.3 uses MRG-4 and MRG-2.
    """
    own = survivor.authority if survivor else ""
    best = _best(segment, (1, 4, 2), (own, *authorities), None)
    if best is None:
        return None
    authority = own if best.universal == own else best.authority or own
    return PatientFacts(
        authority=identifier(authority, "assigning authority") or source,
        identifier=identifier(best.value, "patient identifier"),
    )


def _best(
    segment: Segment, numbers: tuple[int, ...], authorities: tuple[str, ...], at: datetime | None
) -> _Identifier | None:
    day = (at or datetime.now(UTC)).date()
    given = [
        _identifier(segment, repetition, place, day)
        for place, number in enumerate(numbers)
        for repetition in segment.repeats(number)
        if repetition
    ]
    ranks = {name: rank for rank, name in enumerate(authorities) if name}
    return min(
        (each for each in given if each.value),
        key=lambda each: (
            each.expired,
            min(ranks.get(each.authority, len(ranks)), ranks.get(each.universal, len(ranks))),
            each.place,
            _KINDS.get(each.kind, _OTHER_KIND),
        ),
        default=None,
    )


def _identifier(segment: Segment, repetition: str, place: int, day: date) -> _Identifier:
    """A CX (2A.3.14): value, assigning authority (its name, else its universal id), type, expiration date."""
    name, universal = (clean_name(segment.part(repetition, 4, number)) for number in (1, 2))
    last = hl7_date(segment.part(repetition, 8))
    return _Identifier(
        clean_name(segment.part(repetition, 1)),
        name or universal,
        universal,
        segment.part(repetition, 5).upper(),
        bool(last and last < day),
        place,
    )


def _aliases(facts: PatientFacts, best: _Identifier) -> tuple[PatientMerge, ...]:
    """An authority has a name and a universal id. With either, the identifier means the same patient."""
    if not best.universal or best.universal == facts.authority:
        return ()
    alias = PatientFacts(identifier(best.universal, "assigning authority"), facts.identifier)
    return (PatientMerge(facts, alias),)
