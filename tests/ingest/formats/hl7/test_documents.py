"""MDM messages: documents and what becomes of them."""

import pytest

from ingest.errors import MessageRefusedError, Reason
from ingest.messages import ParsedMessage
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obx, parse


def header(event: str) -> str:
    return MSH.replace("ORU^R01^ORU_R01", f"MDM^{event}")


def txa(
    own: str = "D1", parent: str = "", *, kind: str = "DI", filler: str = "A1", state: str = "AU", there: str = "AV"
) -> str:
    return f"TXA|1|{kind}|TX|20260301090000||20260301100000||||||{own}|{parent}||{filler}||{state}||{there}"


def said(event: str, *segments: str) -> ParsedMessage:
    return parse(message(header(event), f"EVN|{event}|20260301", PID, *segments))


@pytest.mark.parametrize(
    ("event", "document", "status", "addendum"),
    [
        ("T02", txa(), "F", False),
        ("T02", txa(state="LA"), "F", False),
        ("T02", txa(state="PA"), "P", False),
        ("T02", txa(state="DI"), "P", False),
        ("T04", txa(), "F", False),
        ("T06", txa("D2", "D1"), "F", True),
        ("T08", txa(), "C", False),
        ("T08", txa(state="PA"), "P", False),
        ("T10", txa("D2", "D1"), "C", False),
        ("T04", txa(there="CA"), "X", False),
        ("T04", txa(there="OB"), "P", False),
    ],
)
def test_events_and_states(event, document, status, addendum):
    for segments in ((document,), ("ORC|RE|P1|A1", OBR, document)):
        (study,) = said(event, *segments, obx("Clear.", status="")).studies
        (report,) = study.reports
        assert (report.report_id, study.accession) == ("A1", "A1")
        assert (report.status, report.addendum, report.text) == (status, addendum, "Clear.")


def test_a_cancelled_document_needs_no_text():
    (study,) = said("T11", "ORC|RE|P1|A1", OBR, txa(there="CA")).studies
    assert study.reports[0].status == "X"


@pytest.mark.parametrize("event", ["T01", "T03", "T05", "T07", "T09"])
def test_notifications_without_content_have_no_text(event):
    with pytest.raises(MessageRefusedError) as caught:
        said(event, OBR, txa())
    assert caught.value.reason is Reason.NO_REPORT_TEXT


def test_without_an_order_number_a_document_goes_by_its_own_or_the_one_that_it_adds_to():
    assert said("T02", txa(filler=""), obx("Clear.")).external_id == "D1"
    assert said("T06", txa("D2", "D1", filler=""), obx("Clear.")).external_id == "D1"


def test_a_document_of_several_orders_is_the_report_of_each():
    orders = "ORC|RE|P1|A1", OBR, "ORC|RE|P2|A2", OBR.replace("A1", "A2")
    parsed = said("T02", *orders, txa(filler=""), obx("Clear."))
    assert {study.accession: study.reports[0].status for study in parsed.studies} == {"A1": "F", "A2": "F"}


@pytest.mark.parametrize(
    ("document", "segments", "taken"),
    [
        (txa(kind="DI"), (), True),
        (txa(kind="18748-4^Diagnostic imaging study^LN"), (), True),
        (txa(kind="X^CT report"), (), True),
        (txa(kind="DS^Discharge summary"), (), False),
        (txa(kind="OP"), (), False),
        (txa(kind="DS"), (OBR,), True),
    ],
)
def test_documents_of_other_departments_are_not_radiology(document, segments, taken):
    if taken:
        assert said("T02", *segments, document, obx("Clear.")).studies
        return
    with pytest.raises(MessageRefusedError) as caught:
        said("T02", *segments, document, obx("Clear."))
    assert caught.value.reason is Reason.NOT_RADIOLOGY


def test_the_event_may_stand_in_evn_alone():
    raw = message(header(""), "EVN|T02|20260301", PID, OBR, txa(), obx("Clear."))
    assert parse(raw).studies[0].reports[0].status == "F"


def test_the_issue_time_is_that_of_the_document_where_the_order_has_none():
    (study,) = said("T02", txa(), obx("Clear.")).studies
    assert study.reports[0].issued_at is not None
    assert study.reports[0].issued_at.hour == 10
    assert study.started_at is not None
    assert study.started_at.hour == 9
