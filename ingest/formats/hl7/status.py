"""Result status: OBR-25 (table 0123), else OBX-11 (table 0085), in letters or in a sender's words."""

import re

from ingest.formats.hl7.orders import Order
from ingest.messages import ReportStatus

_WORDS = {
    "FINAL": ReportStatus.FINAL,
    "FINALIZED": ReportStatus.FINAL,
    "SIGNED": ReportStatus.FINAL,
    "PRELIM": ReportStatus.PRELIMINARY,
    "PRELIMINARY": ReportStatus.PRELIMINARY,
    "WET READ": ReportStatus.PRELIMINARY,
    "CORRECTED": ReportStatus.CORRECTED,
    "AMENDED": ReportStatus.CORRECTED,
    "REVISED": ReportStatus.CORRECTED,
    "CANCELLED": ReportStatus.WITHDRAWN,
    "CANCELED": ReportStatus.WITHDRAWN,
    "WITHDRAWN": ReportStatus.WITHDRAWN,
    "DELETED": ReportStatus.WITHDRAWN,
    "ENTERED IN ERROR": ReportStatus.WITHDRAWN,
    # Text added to a final report.
    **dict.fromkeys(("APPENDED", "ADDENDUM", "ADDENDED"), ReportStatus.FINAL),
}
_OBR_25 = _WORDS | {
    "F": ReportStatus.FINAL,
    "C": ReportStatus.CORRECTED,
    "X": ReportStatus.WITHDRAWN,
    # Not in the table for orders, but senders use it: the report was wrong.
    **dict.fromkeys("WD", ReportStatus.WITHDRAWN),
    # Received, scheduled, some results, performed, corrected but not final: something may follow.
    **dict.fromkeys("PRASIOMN", ReportStatus.PRELIMINARY),
}
_OBX_11 = _WORDS | {
    "F": ReportStatus.FINAL,
    "U": ReportStatus.FINAL,
    "B": ReportStatus.FINAL,
    "C": ReportStatus.CORRECTED,
    "A": ReportStatus.CORRECTED,
    # X: can't be obtained; D: delete this line; W: it was wrong (sent for another patient).
    **dict.fromkeys("XDW", ReportStatus.WITHDRAWN),
    **dict.fromkeys("PRSION", ReportStatus.PRELIMINARY),
}
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_APPENDED = frozenset({"B", "APPENDED", "ADDENDUM", "ADDENDED"})


def order_status(order: Order) -> ReportStatus | None:
    """The status of an order's report; None if it has no known status.

    If all lines are deleted, the report is withdrawn, whatever OBR-25 says. Otherwise a correction takes precedence,
    then a preliminary line: a report is final if all its lines are.
    """
    lines = [_OBX_11.get(_word(result.text(11))) for result in order.lines]
    stated = {status for status in lines if status}
    if lines and all(status is ReportStatus.WITHDRAWN for status in lines):
        return ReportStatus.WITHDRAWN
    if request := _OBR_25.get(_word(order.first(("OBR", 25)))):
        return request
    for status in (ReportStatus.CORRECTED, ReportStatus.PRELIMINARY, ReportStatus.FINAL):
        if status in stated:
            return status
    return None


def is_awaited(order: Order) -> bool:
    """Whether the exam or its report is still to come (OBR-25 O, S, I)."""
    return _word(order.first(("OBR", 25))) in {"O", "S", "I"}


def is_appended(order: Order) -> bool:
    """Whether the order's text supplements a former report, according to all lines or OBR-25."""
    stated = [_word(result.text(11)) for result in order.lines]
    return _word(order.first(("OBR", 25))) in _APPENDED or (bool(stated) and set(stated) <= _APPENDED)


def is_deleted(status: str) -> bool:
    """Whether an OBX-11 deletes its line from the report."""
    return _word(status) in {"D", "W"}


def is_no_result(status: str) -> bool:
    """Whether an OBX-11 says that there is no result: it can't be obtained (X), or was not requested (N)."""
    return _word(status) in {"X", "N"}


_NO_LETTERS = re.compile(r"[^A-Z]+")


def _word(value: str) -> str:
    # It is nearly always a letter of the tables.
    if value in _LETTERS:
        return value
    return " ".join(_NO_LETTERS.sub(" ", value.upper()).replace(" REPORT", "").split())
