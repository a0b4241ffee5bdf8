"""The kind of an order's exam: its modality, and whether it is radiology."""

import re

from ingest.formats.code_sets import code_set
from ingest.formats.hl7.orders import Order
from ingest.formats.hl7.sections import section_heading
from ingest.formats.hl7.segments import Segment
from ingest.formats.hl7.values import Kind, kind_of
from ingest.formats.modalities import MODALITIES, modality_of_words

# HL7 table 0074. Words decide for codes that mean imaging in DICOM and a laboratory in HL7 (CH, PT, OT, SR).
_RADIOLOGY = (MODALITIES - {"PT", "OT"}) | code_set("RAD RX RUS NMR NMS VUS OUS CUS XRC IMG MRI")
_LABORATORY = code_set("BG BLB CG CP HM IMM LAB MB MCB MYC OSL SP TX VR EC EN PF PHR NRS RC")
_CHEMISTRY = "CH"
_LONGEST_NAME = 1024
"""Characters of an exam's name that are checked: four times the stored length."""
_VALUE_LENGTH = 40
_WORD = re.compile(r"[^\W\d_]{2,}")
_PROSE_LENGTH = 400
_PROSE_WORDS = 3
_VALUE = re.compile(r"[<>=]*\s*[+-]?[0-9][0-9.,:/ ]*\s*\S{0,12}")


def procedure_words(order: Order) -> str:
    """The exam's names: OBR-4 text, alternate text and OBR-21 text (a filler's field), else OBR-44, else the code."""
    request = order.request
    if request is None:
        return ""
    names = (request.text(4, 2), request.text(4, 5), request.text(21, 2))
    distinct = "; ".join(dict.fromkeys(name[:_LONGEST_NAME] for name in names if name))
    return distinct or request.text(44, 2)[:_LONGEST_NAME] or request.text(4)[:_LONGEST_NAME]


def modality(order: Order) -> str | None:
    """The modality in OBR-24, else in the exam's name; None if neither has one."""
    section = order.first(("OBR", 24)).upper()
    if section in MODALITIES:
        return section
    return modality_of_words(procedure_words(order))


def is_radiology(order: Order) -> bool:
    """Whether the order can be an imaging exam: not a laboratory test, not only numbers.

    In doubt it is: users notice a report in the graph that does not belong there, but not a missing one.
    """
    section = order.first(("OBR", 24)).upper()
    if order.study_uid or section in _RADIOLOGY:
        return True
    if section in _LABORATORY:
        return False
    if modality(order) or any(section_heading(result) for result in order.words if result.name == "OBX"):
        return True
    if section == _CHEMISTRY:
        return False
    if texts := [result for result in order.texts if result.field(5).strip()]:
        return not all(_is_value(result) for result in texts)
    return not any(kind_of(result) in (Kind.NUMBER, Kind.CODED) for result in order.results)


def _is_value(result: Segment) -> bool:
    """Whether a text result is a measured value: a number, or one or two words with units or a reference range.

    Some systems always fill units and range, so a sentence is never a measured value.
    """
    value = result.field(5)
    if _VALUE.fullmatch(value[:_VALUE_LENGTH]):
        return True
    return bool(result.field(6) or result.field(7)) and len(_WORD.findall(value[:_PROSE_LENGTH])) < _PROSE_WORDS
