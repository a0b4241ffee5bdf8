"""Documents (MDM, HL7 v2.8 chapter 9): a TXA's facts about its report."""

from datetime import datetime, tzinfo

from ingest.formats.code_sets import code_set
from ingest.formats.hl7.orders import Order
from ingest.formats.modalities import modality_of_words
from ingest.formats.times import hl7_time
from ingest.messages import ReportStatus

EVENTS = code_set("T01 T02 T03 T04 T05 T06 T07 T08 T09 T10 T11")
"""Trigger events. The even ones and T11 are used; the others have no content."""

ADDENDUM, REPLACEMENT, CANCEL = code_set("T05 T06"), code_set("T09 T10"), "T11"
_EDIT = code_set("T07 T08")
_FINAL = code_set("AU LA")
_GONE = code_set("CA UN")
_OBSOLETE = "OB"
_OF_RADIOLOGY = code_set("DI RAD 18748-4 18726-0 68604-8")
_OF_OTHERS = code_set("AR CD CN DS ED HP OP PC PH PN PR SP TS")
"""Table 0270, types that are not radiology:

autopsy, cardiodiagnostics, consultation, discharge, emergency, history, operation ...
"""


def document_status(order: Order, event: str) -> ReportStatus | None:
    """The status by event, TXA-17 (completion) and TXA-19 (availability); None for an order without a document.

    A replacement and an edited final document are corrections. An obsolete document was replaced by another one.
    """
    document = order.document
    if document is None:
        return None
    completion, availability = document.text(17).upper(), document.text(19).upper()
    if event == CANCEL or availability in _GONE:
        return ReportStatus.WITHDRAWN
    if availability == _OBSOLETE:
        return ReportStatus.PRELIMINARY
    if event in REPLACEMENT:
        return ReportStatus.CORRECTED
    if completion in _FINAL:
        return ReportStatus.CORRECTED if event in _EDIT else ReportStatus.FINAL
    return ReportStatus.PRELIMINARY if completion else None


def document_number(order: Order) -> str:
    """The number of the report's document: TXA-13 of an addendum or replacement, else TXA-12."""
    return order.first(("TXA", 13), ("TXA", 12)) if order.document else ""


def document_time(order: Order, zone: tzinfo) -> datetime | None:
    """The document's time: edited (TXA-8), transcribed (TXA-7), or originated (TXA-6)."""
    document = order.document
    if document is None:
        return None
    times = (hl7_time(document.repeats(number)[0], zone) for number in (8, 7, 6))
    return next((time for time in times if time), None)


def is_radiology_document(order: Order) -> bool | None:
    """Whether TXA-2 says that the document is one of radiology; None if it does not say."""
    if order.document is None:
        return None
    kind, words = order.document.text(2).upper(), order.document.text(2, 2)
    if kind in _OF_RADIOLOGY or "IMAGING" in words.upper() or "RADIOLOG" in words.upper() or modality_of_words(words):
        return True
    return False if kind in _OF_OTHERS else None
