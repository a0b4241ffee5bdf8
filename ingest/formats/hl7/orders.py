"""The orders of an ORU^R01 message: each OBR with what belongs to it (HL7 v2.8 chapter 7.3.1)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.formats.hl7.segments import Segment

STUDY_UID_CODE = "113014"
"""DCM code of "DICOM Study": an OBX under it carries the StudyInstanceUID (IHE RAD TF-2 4.24)."""

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_TEXT_TYPES = frozenset({"TX", "FT", "ST", ""})


@dataclass(slots=True)
class Order:
    """One order: its patient (PID), ORC, OBR, results (OBX), and the StudyInstanceUID that came with it.

    `texts` are the results that carry words: TX, FT, ST, and those that forgot to say what they carry.
    """

    patient: Segment | None = None
    common: Segment | None = None
    request: Segment | None = None
    results: list[Segment] = field(default_factory=list)
    texts: list[Segment] = field(default_factory=list)
    study_uid: str | None = None

    def first(self, *places: tuple[str, int]) -> str:
        """The first of these fields (segment name, field number) that is not empty; its first component."""
        for name, number in places:
            segment = self.request if name == "OBR" else self.common if name == "ORC" else self.patient
            if segment and (value := segment.text(number)):
                return value
        return ""

    def add(self, result: Segment) -> None:
        """Take one more result."""
        self.results.append(result)
        if result.text(2).upper() in _TEXT_TYPES and result.text(3) != STUDY_UID_CODE:
            self.texts.append(result)


def read_orders(segments: Iterable[Segment]) -> list[Order]:
    """The orders that have an OBR, in message order. Results before any OBR are the patient's, not an order's."""
    orders = [Order()]
    for segment in segments:
        if segment.name == "PID":
            orders.append(Order(patient=segment))
        elif segment.name in ("ORC", "OBR"):
            orders.append(_next(orders[-1], segment))
        elif segment.name == "OBX":
            orders[-1].add(segment)
        if segment.name in ("ZDS", "OBX") and not orders[-1].study_uid:
            orders[-1].study_uid = _study_uid(segment)
    return [order for order in orders if order.request]


def _next(order: Order, segment: Segment) -> Order:
    if segment.name == "ORC":
        return Order(patient=order.patient, common=segment)
    if order.common and not order.request:
        return Order(order.patient, order.common, segment, order.results, order.texts, order.study_uid)
    return Order(patient=order.patient, request=segment)


def _study_uid(segment: Segment) -> str | None:
    if segment.name == "OBX" and segment.text(3) != STUDY_UID_CODE:
        return None
    value = segment.text(5 if segment.name == "OBX" else 1).removeprefix("urn:oid:")
    return value if len(value) <= 64 and _UID.fullmatch(value) else None
