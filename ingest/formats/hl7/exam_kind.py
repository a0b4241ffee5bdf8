"""What kind of exam an order is: its modality, and whether it is radiology at all."""

import re

from ingest.formats.code_sets import code_set
from ingest.formats.hl7.orders import Order
from ingest.formats.hl7.segments import Segment
from ingest.formats.hl7.text import section_heading
from ingest.formats.modalities import MODALITIES, modality_of_words

# HL7 table 0074. Where a letter pair means imaging in DICOM and a laboratory in HL7 (CH, PT, OT, SR) words decide.
_RADIOLOGY = (MODALITIES - {"PT", "OT"}) | code_set("RAD RX RUS NMR NMS VUS OUS CUS XRC IMG MRI")
_LABORATORY = code_set("BG BLB CG CP HM IMM LAB MB MCB MYC OSL SP TX VR EC EN PF PHR NRS RC")
_CHEMISTRY = "CH"
_VALUE_LENGTH = 40
_VALUE = re.compile(r"[<>=]*\s*[+-]?[0-9][0-9.,:/ ]*\s*\S{0,12}")


def procedure_words(order: Order) -> str:
    """The exam's names: OBR-4 text, alternate text and OBR-21 text (a filler's field), else OBR-44, else the code."""
    request = order.request
    if request is None:
        return ""
    names = (request.text(4, 2), request.text(4, 5), request.text(21, 2))
    distinct = "; ".join(dict.fromkeys(name for name in names if name))
    return distinct or request.text(44, 2) or request.text(4)


def modality(order: Order) -> str | None:
    """OBR-24 where it is a modality, else what the exam's name says; None where neither tells."""
    section = order.first(("OBR", 24)).upper()
    if section in MODALITIES:
        return section
    return modality_of_words(procedure_words(order))


def is_radiology(order: Order) -> bool:
    """Whether the order can be an imaging exam: not one of a laboratory, not only numbers.

    In doubt it is: a report too many is seen in the graph, a report too few is not.
    """
    section = order.first(("OBR", 24)).upper()
    if order.study_uid or section in _RADIOLOGY:
        return True
    if section in _LABORATORY:
        return False
    if modality(order) or any(section_heading(result) for result in order.texts):
        return True
    if section == _CHEMISTRY:
        return False
    if texts := [result for result in order.texts if result.field(5).strip()]:
        return not all(_is_value(result) for result in texts)
    return not any(result.text(2).upper() in ("NM", "SN", "CE", "CWE") for result in order.results)


def _is_value(result: Segment) -> bool:
    """Whether a text result is a measured value: it has units or a reference range, or is a number."""
    return bool(result.field(6) or result.field(7) or _VALUE.fullmatch(result.field(5)[:_VALUE_LENGTH]))
