"""What a person sees of a message: its parts where they stand, and the part for which it was refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import MessageRefusedError
from ingest.formats.origin import Format, Origin
from ingest.formats.parse import parse
from ingest.formats.settings import FormatSettings
from ingest.receiving.inspection.inspect import inspect
from ingest.receiving.inspection.json_values import SYNTAX, values
from ingest.receiving.inspection.parts import TEXT_SHOWN, Inspected
from tests.ingest.formats.dicom_files import film, part10

MSH = "MSH|^~\\&|RIS|HOSP|||20240101||ORU^R01|1|P|2.5"
PID = "PID|||4711^^^HOSP||Muster^Anna"
OBR = "OBR|1||A1|CHEST|||20240101"
REPORT = {"resourceType": "DiagnosticReport", "status": "final", "subject": {"reference": "Patient/1"}}


def refused(format: Format, raw: bytes) -> Inspected:  # noqa: A002
    """The parts of a message that the parser refuses, with its own reason and detail."""
    with pytest.raises(MessageRefusedError) as error:
        parse(format, raw, Origin(), FormatSettings())
    return inspect(format, raw, error.value.reason, error.value.detail)


def problems(found: Inspected) -> list[tuple[str, str]]:
    placed = [one for one in found.parts if one.start is not None]
    assert all(one.value.rstrip() in found.text[one.start : one.end] for one in placed)
    return [(one.name, one.value) for one in found.parts if one.problem]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([MSH, PID, OBR, "OBX|1|TX|GDT||"], [("OBX-5", "")]),
        ([MSH.replace("ORU^R01", "SIU^S12"), PID], [("MSH-9", "SIU^S12")]),
        ([MSH.replace("|P|", "|T|"), PID, OBR, "OBX|1|TX|GDT||Effusion."], [("MSH-11", "T")]),
        (["this is no message"], [("MSH", "")]),
    ],
)
def test_the_field_of_an_hl7_message(lines: list[str], expected: list[tuple[str, str]]) -> None:
    assert problems(refused(Format.HL7, "\r".join(lines).encode())) == expected


def test_every_field_has_its_number_and_its_place() -> None:
    found = inspect(Format.HL7, "\r".join([MSH, PID]).encode())
    told = {one.name: one.value for one in found.parts}
    assert (told["MSH-2"], told["MSH-9"], told["MSH-12"]) == ("^~\\&", "ORU^R01", "2.5")
    assert (told["PID-3"], told["PID-5"]) == ("4711^^^HOSP", "Muster^Anna")
    assert problems(found) == []


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({**REPORT, "subject": {}, "conclusion": "Effusion."}, [("subject", "")]),
        (REPORT, [("presentedForm", "")]),
        ({"resourceType": "Appointment"}, [("resourceType", '"Appointment"')]),
        ({**REPORT, "status": ["a"], "conclusion": "Effusion."}, [("status[0]", '"a"')]),
    ],
)
def test_the_element_of_a_resource(resource: object, expected: list[tuple[str, str]]) -> None:
    assert problems(refused(Format.FHIR, json.dumps(resource).encode())) == expected


def test_the_place_where_json_ends_to_be_json() -> None:
    raw = b'{"resourceType": "DiagnosticReport",\n "status": final,\n "id": "1"}'
    (problem,) = [one for one in refused(Format.FHIR, raw).parts if one.problem]
    assert (problem.name, problem.value) == (SYNTAX, "final,")


def test_an_object_is_told_by_its_elements() -> None:
    raw = part10(film(PatientID="4711"))
    told = {one.name: one.value for one in inspect(Format.DICOM, raw).parts}
    assert told["PatientID"] == "4711"
    assert told["PixelData"].endswith("bytes]")
    cut = inspect(Format.DICOM, raw[:-3], "unreadable", "the object ends within a value")
    assert problems(cut)[-1][0] == "damaged"


def test_a_tag_that_does_not_fit() -> None:
    assert problems(refused(Format.OPENI, b"<eCitation><uId id='1'/><A>x</B></eCitation>")) == [("tag", "</B>")]


def test_bytes_of_no_character_set() -> None:
    found = inspect(Format.TEXT, b"Effusion \x81\x8d left", "bad_encoding", "the text can't be decoded")
    assert [(one.name, one.start) for one in found.parts if one.problem] == [("character", 9)]


def test_a_long_message_is_cut_and_not_called_damaged() -> None:
    found = inspect(Format.FHIR, json.dumps({"a": "x" * TEXT_SHOWN}).encode(), "unreadable", "")
    assert (found.cut, len(found.text), problems(found)) == (True, TEXT_SHOWN, [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def _leaves(value: object) -> int:
    if isinstance(value, dict):
        return sum(map(_leaves, value.values()))
    return sum(map(_leaves, value)) if isinstance(value, list) else 1


@given(JSON)
def test_json_is_taken_apart_as_python_reads_it(value: object) -> None:
    parts = list(values(json.dumps(value, ensure_ascii=False)))
    assert not [one for one in parts if one.problem]
    assert len(parts) == _leaves(value)


@given(JSON, st.data())
def test_what_is_no_json_has_one_problem(value: object, data: st.DataObject) -> None:
    text = json.dumps(value)
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + data.draw(st.sampled_from(["}", "]", ",", ":", '"', "x"])) + text[at:]
    try:
        json.loads(broken)
    except ValueError:
        assert [one.name for one in values(broken) if one.problem] == [SYNTAX]


REASONS = st.sampled_from(["unreadable", "bad_encoding", "dead", None])


@given(st.sampled_from(list(Format)), st.binary(max_size=300), REASONS)
def test_whatever_the_bytes_are(format: Format, raw: bytes, reason: str | None) -> None:  # noqa: A002
    problems(inspect(format, raw, reason, ""))
