"""The orders of ORU^R01 and MDM messages: each OBR with its segments (HL7 v2.8 chapters 7.3.1 and 9.6)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ingest.event_warnings import EventWarning
from ingest.formats.hl7.segments import Segment
from ingest.formats.hl7.values import Kind, kind_of

STUDY_UID_CODES = frozenset({"113014", "110180"})
"""DCM codes of "DICOM Study" and "Study Instance UID": an OBX with one has the UID (IHE RAD TF-2 4.24)."""

_UID_FIELDS = {"OBX": 5, "ZDS": 1, "IPC": 3}
"""Segments with a StudyInstanceUID, and its field."""

NOTE_UNREAD = EventWarning.NOTE_UNREAD
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_OF_THE_PLACER = frozenset({"P", "O"})


@dataclass(slots=True)
class Order:
    """One order: its patient (PID), ORC, OBR, document (TXA), results, and the StudyInstanceUID that came with it.

    `results` are all OBX; `texts` those with text or without a value type. `words` are the texts and the notes (NTE)
    that follow results, in message order. `notes` are those before any result.
    """

    patient: Segment | None = None
    common: Segment | None = None
    request: Segment | None = None
    document: Segment | None = None
    results: list[Segment] = field(default_factory=list)
    texts: list[Segment] = field(default_factory=list)
    words: list[Segment] = field(default_factory=list)
    notes: list[Segment] = field(default_factory=list)
    study_uid: str | None = None

    def first(self, *places: tuple[str, int]) -> str:
        """The first of these fields (segment name, field number) that is not empty; its first component."""
        for name, number in places:
            segment = self.segment(name)
            if segment and (value := segment.text(number)):
                return value
        return ""

    def segment(self, name: str) -> Segment | None:
        """The order's PID, ORC, OBR or TXA."""
        return {"OBR": self.request, "ORC": self.common, "TXA": self.document}.get(name, self.patient)

    def add(self, result: Segment) -> None:
        """Add a result."""
        self.results.append(result)
        if result.text(3) in STUDY_UID_CODES:
            return
        kind = kind_of(result)
        if kind is Kind.TEXT:
            self.texts.append(result)
        if kind is not Kind.OTHER:
            self.words.append(result)

    @property
    def lines(self) -> list[Segment]:
        """The results that give the report's status: its texts, or other results with words."""
        return self.texts or [part for part in self.words if part.name == "OBX"]

    def note(self, note: Segment) -> None:
        """Add a note on the result before it, or on the order."""
        (self.words or self.notes).append(note)

    def take_notes_as_words(self) -> None:
        """Use the filler's notes as the report's text, if there are no results; the placer's notes are not a report."""
        if not self.words:
            of_the_placer = [note.text(2).upper() in _OF_THE_PLACER for note in self.notes]
            self.words = [note for note, placer in zip(self.notes, of_the_placer, strict=True) if not placer]
            self.notes = [note for note, placer in zip(self.notes, of_the_placer, strict=True) if placer]


def read_orders(segments: Iterable[Segment]) -> list[Order]:
    """The orders that have an OBR or a TXA, in message order. Results before them belong to the patient."""
    orders = [Order()]
    for segment in segments:
        if segment.name == "PID":
            orders.append(Order(patient=segment))
        elif segment.name in ("ORC", "OBR"):
            orders.append(_next(orders[-1], segment))
        elif segment.name == "OBX":
            orders[-1].add(segment)
        elif segment.name == "NTE":
            orders[-1].note(segment)
        elif segment.name == "TXA":
            _give_document(orders, segment)
        if segment.name in _UID_FIELDS and not orders[-1].study_uid:
            orders[-1].study_uid = _study_uid(segment)
    return [order for order in orders if order.request or order.document]


def _next(order: Order, segment: Segment) -> Order:
    if segment.name == "ORC":
        return Order(patient=order.patient, common=segment)
    if order.common and not order.request and not order.document:
        return replace(order, request=segment)
    return Order(patient=order.patient, request=segment)


def _give_document(orders: list[Order], document: Segment) -> None:
    """A TXA follows all orders that it documents."""
    for order in reversed(orders):
        if order.patient is not orders[-1].patient or order.document:
            break
        if order is orders[-1] or order.request:
            order.document = document


def _study_uid(segment: Segment) -> str | None:
    if segment.name == "OBX" and segment.text(3) not in STUDY_UID_CODES:
        return None
    value = segment.text(_UID_FIELDS[segment.name]).removeprefix("urn:oid:")
    return value if len(value) <= 64 and _UID.fullmatch(value) else None
