from datetime import UTC, date, datetime

import pytest

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import RAW_LIMIT
from ingest.formats.hl7 import parser as hl7
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obr, obx, only_report, only_study, parse


def refusal(raw: bytes) -> MessageRefusedError:
    with pytest.raises(MessageRefusedError) as caught:
        parse(raw)
    return caught.value


def test_one_order_is_one_study_with_one_report():
    parsed = parse(message(MSH, PID, OBR, obx("Clear lungs."), "ZDS|1.2.840.1^RIS^Application^DICOM"))
    (study,) = parsed.studies
    (report,) = study.reports
    assert (parsed.source, parsed.external_id) == ("NORTH", "A1")
    assert parsed.message_time == datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
    assert (study.patient.authority, study.patient.identifier) == ("NORTH", "771")
    assert (study.patient.sex, study.patient.birth_date) == ("female", date(1960, 4, 2))
    assert (study.study_uid, study.accession, study.modality) == ("1.2.840.1", "A1", "CR")
    assert study.procedure == "XR CHEST 2 VIEWS"
    assert study.started_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert (report.report_id, report.status, report.text) == ("A1", "F", "Clear lungs.")
    assert report.issued_at == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("version", ["2.3", "2.3.1", "2.4", "2.5.1", "2.6", "2.7", "2.8"])
def test_all_versions_are_read(version):
    assert only_report(message(MSH.replace("2.5.1", version), PID, OBR, obx("Clear.")))


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize(("before", "after"), [("", ""), ("\x0b", "\x1c\r"), ("\ufeff", "\n\n")])
def test_segments_end_in_any_line_end_and_framing_falls_off(end, before, after):
    raw = before + end.join([MSH, PID, OBR, obx("Clear.")]) + end + after
    assert only_report(raw.encode()).text == "Clear."


def test_a_line_that_is_no_segment_goes_on_with_the_text():
    raw = message(MSH, PID, OBR, obx("No effusion") + "\nand no pneumothorax.", obx("Normal heart."))
    assert "No effusion|" not in only_report(raw).text
    raw = message(MSH, PID, OBR, "OBX|1|TX|1||No effusion\nand no pneumothorax.", "OBX|2|TX|1||Normal heart.")
    assert only_report(raw).text == "No effusion\nand no pneumothorax.\nNormal heart."


def test_the_same_report_keeps_its_id_from_preliminary_to_corrected():
    reports = [only_report(message(MSH, PID, obr("A7", status=status), obx(status))) for status in "PFC"]
    assert [report.report_id for report in reports] == ["A7"] * 3
    assert [report.status for report in reports] == ["P", "F", "C"]


@pytest.mark.parametrize(
    ("orc", "order", "expected"),
    [
        ("ORC|RE|P1|F1", "OBR|1|P2|F2", "F2"),
        ("ORC|RE|P1|F1", "OBR|1|P2|", "F1"),
        ("ORC|RE|P1|", "OBR|1|P2|", "P2"),
        ("ORC|RE|P1", "OBR|1", "P1"),
        ("ORC|RE", 'OBR|1|""|F3', "F3"),
        ("ORC|RE", "OBR|1||F3^SYS", "F3^SYS"),
        ("ORC|RE", "OBR|1||F3^^1.2.3^ISO", "F3^1.2.3"),
    ],
)
def test_the_report_id_falls_back_to_other_order_numbers(orc, order, expected):
    assert only_report(message(MSH, PID, orc, order, obx("Clear."))).report_id == expected


def test_a_report_without_any_number_goes_by_its_studys_uid_else_by_the_messages_digest():
    assert only_report(message(MSH, PID, "OBR|1", obx("Clear."), "ZDS|1.2.3")).report_id == "1.2.3"
    raw = message(MSH, PID, "OBR|1", obx("Clear."))
    parsed = parse(raw)
    assert parsed.external_id.startswith("sha256:")
    assert set(parsed.warnings) == {"no_report_id", "no_study_time"}
    assert parse(b"\x0b" + raw + b"\x1c\r").external_id == parsed.external_id


def test_the_accession_is_the_field_that_the_site_says():
    request = OBR.replace("A1", "F9").replace("P1", "P9")
    fields = request.split("|")
    fields[18] = "ACC18"
    raw = message(MSH, PID, "|".join(fields), obx("Clear."))
    assert only_study(raw).accession == "F9"
    study = only_study(raw, hl7_accession="OBR-18")
    assert (study.accession, study.reports[0].report_id) == ("ACC18", "F9")
    assert only_study(message(MSH, PID, request, obx("Clear.")), hl7_accession="OBR-18").accession is None


@pytest.mark.parametrize("kind", ["ST", "HD", "TX", "UI"])
def test_the_study_uid_comes_as_an_observation_too(kind):
    raw = message(MSH, PID, OBR, obx("1.2.3.4", kind=kind, code="113014^DICOM Study^DCM"), obx("Clear."))
    study = only_study(raw)
    assert (study.study_uid, study.reports[0].text) == ("1.2.3.4", "Clear.")


@pytest.mark.parametrize("uid", ["", "CHEST", "1.2." + "3" * 64, "1..2"])
def test_what_is_no_uid_is_not_taken_for_one(uid):
    assert only_study(message(MSH, PID, OBR, obx("Clear."), f"ZDS|{uid}")).study_uid is None


def test_several_orders_are_several_studies():
    raw = message(MSH, PID, obr("A1"), obx("Chest."), "ZDS|1.2.1", obr("A2"), obx("Ribs."), "ZDS|1.2.2")
    parsed = parse(raw)
    found = [(study.accession, study.study_uid, study.reports[0].text) for study in parsed.studies]
    assert found == [("A1", "1.2.1", "Chest."), ("A2", "1.2.2", "Ribs.")]
    assert parsed.external_id == "A1"


@pytest.mark.parametrize(
    "segments",
    [
        (obr("A1"), obx("Clear."), obr("A2")),
        (obr("A1"), obr("A2"), obx("Clear.")),
        ("ORC|RE|P1|A1", obr("A1"), obx("Clear."), "ORC|RE|P2|A2", obr("A2")),
    ],
)
def test_a_text_under_one_of_several_orders_is_the_report_of_all(segments):
    parsed = parse(message(MSH, PID, *segments))
    found = {study.accession: (study.reports[0].report_id, study.reports[0].text) for study in parsed.studies}
    assert found == {"A1": ("A1", "Clear."), "A2": ("A2", "Clear.")}


@pytest.mark.parametrize(
    "bare",
    [
        (obr("A2", status="S"),),
        (obr("A2", status="I"),),
        (obr("A2"), obx("", kind="ED")),
        (PID.replace("771", "772"), obr("A2")),
        (obr("A2"), obx("Ribs."), obr("A3")),
    ],
)
def test_a_text_is_not_the_report_of_an_order_that_awaits_or_brings_its_own_or_is_of_another_patient(bare):
    parsed = parse(message(MSH, PID, obr("A1"), obx("Chest."), *bare))
    assert {study.accession for study in parsed.studies if study.reports[0].text == "Chest."} == {"A1"}
    assert "report_without_text" in parsed.warnings


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        ("71046^XR CHEST", "74019^XR ABDOMEN", True),
        ("71046^XR CHEST", "71260^CT CHEST", True),
        ("71045^XR CHEST 1 VIEW", "71046^XR CHEST 2 VIEWS", False),
        ("1^ONE", "2^OTHER", False),
    ],
)
def test_two_exams_under_one_number_have_a_report_each(first, second, apart):
    orders = [obr("A1", procedure=first), obx("One."), obr("A1", procedure=second, status="P"), obx("Two.", status="P")]
    reports = [report for study in parse(message(MSH, PID, *orders)).studies for report in study.reports]
    expected = [("One.", "F"), ("Two.", "P")] if apart else [("One.\n\nTwo.", "P")]
    assert [(report.text, report.status) for report in reports] == expected


def test_each_of_two_orders_under_one_number_has_its_own_headings():
    lines = ["INDICATION:", "Cough.", "FINDINGS:", "Clear."]
    others = ["INDICATION:", "Rule out pneumonia.", "FINDINGS:", "Gas."]
    orders = [obr("A1"), *map(obx, lines), obr("A1"), *map(obx, others)]
    assert only_report(message(MSH, PID, *orders)).text == "\n".join([*lines, "", *others])


def test_an_order_that_comes_twice_in_a_message_is_one_report():
    report = only_report(message(MSH, PID, obr("A1"), obx("First."), obr("A1"), obx("First."), obx("Second.")))
    assert report.text == "First.\nSecond."


def test_patients_of_one_message_are_kept_apart():
    other = PID.replace("771", "772")
    raw = message(MSH, PID, obr("A1"), obx("Chest."), other, obr("A1"), obx("Ribs."))
    assert [study.patient.identifier for study in parse(raw).studies] == ["771", "772"]


@pytest.mark.parametrize(
    ("pid", "authorities", "expected"),
    [
        ("PID|1||A^^^ONE^PI~B^^^TWO^MR", "", ("TWO", "B")),
        ("PID|1||A^^^ONE^PI~B^^^TWO^MR", "ONE,TWO", ("ONE", "A")),
        ("PID|1||A^^^ONE^PI~B^^^TWO^PI", "", ("ONE", "A")),
        ("PID|1||A^^^ONE&1.2&ISO^MR", "", ("ONE", "A")),
        ("PID|1||A^^^&1.2&ISO^MR", "", ("1.2", "A")),
        ("PID|1||A", "", ("NORTH", "A")),
        ("PID|1|OLD", "", ("NORTH", "OLD")),
        ("PID|1||^^^ONE^MR", "", ("NORTH (no patient)", "A1")),
        ("PID|1", "", ("NORTH (no patient)", "A1")),
        ("PV1|1", "", ("NORTH (no patient)", "A1")),
    ],
)
def test_the_patients_identifier_is_chosen_by_authority_then_type(pid, authorities, expected):
    patient = only_study(message(MSH, pid, OBR, obx("Clear.")), patient_authorities=authorities).patient
    assert (patient.authority, patient.identifier) == expected


def test_times_without_offset_are_in_the_messages_else_the_sites_zone():
    started = only_study(message(MSH, PID, OBR, obx("Clear.")), hl7_timezone="America/Chicago").started_at
    assert started == datetime(2026, 3, 1, 15, tzinfo=UTC)
    raw = message(MSH.replace("101500", "101500-0500"), PID, OBR, obx("Clear."))
    assert only_study(raw, hl7_timezone="America/Chicago").started_at == datetime(2026, 3, 1, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("filled", "expected"),
    [({7: "2026030207", 6: "2026030206"}, 7), ({6: "2026030206"}, 6), ({22: "2026030222"}, 22), ({7: "soon"}, None)],
)
def test_the_study_started_at_the_first_time_that_is_filled(filled, expected):
    fields = ["OBR", "1", "P1", "A1", *[""] * 21]
    for number, value in filled.items():
        fields[number] = value
    started = only_study(message(MSH, PID, "|".join(fields), obx("Clear."))).started_at
    assert started == (datetime(2026, 3, 2, expected, tzinfo=UTC) if expected else None)


@pytest.mark.parametrize(("filled", "warning"), [({7: "soon"}, "unreadable_time"), ({}, "no_study_time")])
def test_the_messages_time_is_never_the_studys(filled, warning):
    fields = [filled.get(number, "") for number in range(26)]
    parsed = parse(message(MSH, PID, "|".join(["OBR", "1", "P1", "A1", *fields[4:]]), obx("Clear.")))
    assert parsed.studies[0].started_at is None
    assert warning in parsed.warnings


@pytest.mark.parametrize("kind", ["ADT^A24", "OML^O21", "ORU^W01", "MDM^T12", ""])
def test_other_messages_are_of_the_wrong_type(kind):
    error = refusal(message(MSH.replace("ORU^R01^ORU_R01", kind), PID, OBR, obx("Clear.")))
    assert (error.reason, error.source) == (Reason.WRONG_MESSAGE_TYPE, "NORTH")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"MSH",
        b"MSH|",
        b"MSH||",
        b"MSH|^^^^|",
        b"MSHA^~\\&A",
        b"PID|1",
        b"hello",
        b"MSH|^~\\&x123456|",
    ],
)
def test_what_has_no_usable_header_is_unreadable(raw):
    assert refusal(raw).reason == Reason.UNREADABLE


def test_two_messages_in_one_frame_are_unreadable():
    assert refusal(message(MSH, PID, OBR, obx("Clear.")) * 2).reason == Reason.UNREADABLE


def test_other_separators_are_understood():
    raw = message(MSH, PID, OBR, obx("Clear~heart")).decode().translate(str.maketrans("|^~", "#@!"))
    study = only_study(raw.encode())
    assert (study.patient.authority, study.reports[0].text) == ("NORTH", "Clear\nheart")


@pytest.mark.parametrize(
    "segments", [(PID, OBR), (PID, OBR, obx("~ ~")), (PID, OBR, obx("x^y", kind="ED")), (PID, OBR, obx('""'))]
)
def test_radiology_without_words_has_no_report_text(segments):
    error = refusal(message(MSH, *segments))
    assert (error.reason, error.source, error.external_id) == (Reason.NO_REPORT_TEXT, "NORTH", "A1")


@pytest.mark.parametrize(
    "segments",
    [
        (PID, obr("L1", section="LAB", procedure="24323-8^CMP^LN"), obx("4.1", kind="NM", units="mmol/L")),
        (PID, obr("L1", section="CH", procedure="24323-8^CMP^LN"), obx("normal serum", kind="ST")),
        (PID, obr("L1", section="", procedure="24323-8^CMP^LN"), obx("4.1", kind="NM")),
        (PID, obr("L1", section="", procedure="24323-8^CMP^LN"), obx("4.1", kind="ST"), obx("Yellow", units="visual")),
        (PID, obr("L1", section="SP", procedure="BX^Biopsy^L"), obx("Benign tissue.")),
        (PID,),
        (PID, obx("Clear lungs.")),
    ],
)
def test_what_holds_no_radiology_order_is_refused(segments):
    assert refusal(message(MSH, *segments)).reason == Reason.NOT_RADIOLOGY


def test_a_laboratory_order_beside_radiology_is_left_out_and_told():
    raw = message(MSH, PID, obr("L1", section="LAB", procedure="CBC^CBC^L"), obx("12", kind="NM"), OBR, obx("Clear."))
    parsed = parse(raw)
    assert [study.accession for study in parsed.studies] == ["A1"]
    assert parsed.warnings == ("not_radiology_part",)


def test_numbers_in_a_radiology_order_do_not_make_it_a_laboratory_one():
    raw = message(MSH, PID, obr("A1", section="", procedure="X^XR CHEST^L"), obx("0.1", kind="NM"), obx("Clear."))
    assert only_report(raw).text == "Clear."


def test_a_withdrawal_needs_no_text():
    report = only_report(message(MSH, PID, obr("A1", status="X")))
    assert (report.report_id, report.status, report.text) == ("A1", "X", "")


def test_over_long_numbers_and_messages_are_refused():
    assert refusal(message(MSH, PID, obr("9" * 300), obx("Clear."))).reason == Reason.UNREADABLE
    assert refusal(message(MSH, PID, OBR, obx("a" * (1024 * 1024 + 1)))).reason == Reason.TOO_LARGE
    assert refusal(message(MSH, PID, OBR, *["OBX|1"] * 100_001)).reason == Reason.TOO_LARGE
    assert refusal(message(MSH) + b" " * RAW_LIMIT).reason == Reason.TOO_LARGE


def test_no_refusal_quotes_the_message():
    for raw in (message(MSH, PID, OBR), message(MSH, PID), message(MSH, PID, OBR, obx("DOE" * 400_000))):
        assert not {"DOE", "JANE", "771"} & set(str(refusal(raw)).replace(":", " ").split())


def test_the_source_can_be_said():
    raw = message(MSH, PID, OBR, obx("Clear."))
    assert hl7.parse(raw, Origin(source="east"), FormatSettings()).source == "east"
    assert parse(raw.replace(b"NORTH|VLMKG", b"|VLMKG")).source == "RIS"
