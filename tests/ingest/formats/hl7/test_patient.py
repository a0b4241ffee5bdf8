"""Whose an order is: identifiers that have expired, stand in old fields, or name their authority in two ways."""

import pytest

from ingest.messages import PatientFacts, PatientMerge
from tests.ingest.formats.hl7_messages import MSH, OBR, message, obx, parse

MERGE = MSH.replace("ORU^R01^ORU_R01", "ADT^A40^ADT_A39")


def who(pid: str, **settings: str) -> tuple[str, str]:
    patient = parse(message(MSH, pid, OBR, obx("Clear.")), **settings).studies[0].patient
    return patient.authority, patient.identifier


@pytest.mark.parametrize(
    ("pid", "expected"),
    [
        ("PID|1||1^^^A^PI~2^^^B^MR", ("B", "2")),
        ("PID|1||1^^^A^SS~2^^^B", ("B", "2")),
        ("PID|1||1^^^A^AN~2^^^B^SS", ("B", "2")),
        ("PID|1||1^^^A^MR^^^20200101~2^^^B^PI", ("B", "2")),
        ("PID|1||1^^^A^MR^^20200101^20990101~2^^^B^PI", ("A", "1")),
        ("PID|1||1^^^A^MR^^^2020-01-01", ("A", "1")),
        ("PID|1|7^^^A|1^^^B", ("B", "1")),
        ("PID|1|7^^^A^MR||8^^^B", ("A", "7")),
        ("PID|1|||8^^^B", ("B", "8")),
        ("PID|1||^^^A^MR~2^^^B", ("B", "2")),
        ("PID|1||1^^^&1.2.3&ISO", ("1.2.3", "1")),
        ("PID|1||1", ("NORTH", "1")),
    ],
)
def test_the_identifier_that_is_taken(pid, expected):
    assert who(pid) == expected


def test_a_preferred_authority_may_be_named_by_either_name():
    pid = "PID|1||1^^^A^MR~2^^^B&1.2.3&ISO"
    assert who(pid, patient_authorities="1.2.3") == who(pid, patient_authorities="B") == ("B", "2")


def test_an_expired_identifier_alone_is_told():
    parsed = parse(message(MSH, "PID|1||1^^^A^MR^^^20200101", OBR, obx("Clear.")))
    assert "expired_identifier" in parsed.warnings


def test_a_name_and_a_universal_id_are_one_authority():
    parsed = parse(message(MSH, "PID|1||1^^^A&1.2.3&ISO^MR", OBR, obx("Clear.")))
    assert parsed.merges == (PatientMerge(PatientFacts("A", "1"), PatientFacts("1.2.3", "1")),)


@pytest.mark.parametrize(
    ("mrg", "expected"),
    [
        ("MRG|9", ("A", "9")),
        ("MRG|9^^^B", ("B", "9")),
        ("MRG|9^^^&1.2.3&ISO", ("1.2.3", "9")),
        ("MRG||8^^^A|7|6^^^A", ("A", "6")),
        ("MRG||8^^^A", ("A", "8")),
    ],
)
def test_the_number_that_is_given_up(mrg, expected):
    (merge,) = parse(message(MERGE, "PID|1||1^^^A^MR", mrg)).merges
    assert (merge.retired.authority, merge.retired.identifier) == expected
