import pytest

from ingest.messages import ReportStatus
from tests.ingest.formats.hl7_messages import MSH, PID, message, obr, obx, only_study, parse


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("F", "F"), ("P", "P"), ("R", "P"), ("A", "P"), ("I", "P"), ("C", "C"), ("M", "P"), ("X", "X"),
        ("Final", "F"), ("FINAL REPORT", "F"), ("Prelim", "P"), ("Preliminary", "P"), ("Wet Read", "P"),
        ("wet-read", "P"), ("Corrected", "C"), ("Amended", "C"), ("Cancelled", "X"), ("Entered in Error", "X"),
    ],
)  # fmt: skip
def test_obr_25_in_letters_and_words(status, expected):
    (report,) = only_study(message(MSH, PID, obr("A1", status=status), obx("Clear.", status=""))).reports
    assert report.status == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("F", "F"), ("P", "P"), ("C", "C"), ("U", "F"), ("A", "C"), ("W", "X"), ("X", "X"), ("D", "X"),
        ("FC", "C"), ("FP", "P"), ("FX", "F"), ("PC", "C"), ("XX", "X"), ("FD", "F"),
    ],
)  # fmt: skip
def test_obx_11_where_obr_25_is_empty(lines, expected):
    results = [obx(f"Line {number}.", status=status) for number, status in enumerate(lines)]
    (report,) = only_study(message(MSH, PID, obr("A1", status=""), *results)).reports
    assert report.status == expected


def test_obr_25_counts_before_obx_11():
    (report,) = only_study(message(MSH, PID, obr("A1", status="P"), obx("Clear.", status="F"))).reports
    assert report.status == ReportStatus.PRELIMINARY


def test_lines_that_are_all_wrong_withdraw_the_report_whatever_obr_25_says():
    (report,) = only_study(message(MSH, PID, obr("A1", status="F"), obx("Mass.", status="W"))).reports
    assert report.status == ReportStatus.WITHDRAWN


def test_a_deleted_line_is_not_in_the_report():
    raw = message(MSH, PID, obr("A1"), obx("Large mass.", status="D"), obx("Clear.", status="F"))
    assert only_study(raw).reports[0].text == "Clear."


def test_an_unstated_status_never_outranks_a_stated_one():
    parsed = parse(message(MSH, PID, obr("A1", status=""), obx("Clear.", status="?")))
    assert parsed.studies[0].reports[0].status == ReportStatus.PRELIMINARY
    assert "unknown_status" in parsed.warnings


@pytest.mark.parametrize(("request_status", "line_status"), [("", "B"), ("Addendum", "F"), ("Appended", "")])
def test_appended_text_stands_beside_the_report(request_status, line_status):
    raw = message(MSH, PID, obr("A1", status=request_status), obx("Rib fracture seen.", status=line_status))
    (report,) = only_study(raw).reports
    assert (report.addendum, report.status) == (True, ReportStatus.FINAL)
