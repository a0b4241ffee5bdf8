"""ADT and ORM messages, and what of them is refused."""

from datetime import date

import pytest

from ingest.errors import MessageRefusedError, Reason
from ingest.messages import PatientFacts, PatientMerge
from tests.ingest.formats.hl7_messages import PID, message, obr, obx, parse

UPDATE = r"MSH|^~\&|ADT|NORTH|VLMKG|VLMKG|20260301101500||ADT^A08^ADT_A01|43|P|2.5.1"
MERGE = UPDATE.replace("A08^ADT_A01", "A40^ADT_A39")
ORDER = r"MSH|^~\&|RIS|NORTH|VLMKG|VLMKG|20260301101500||ORM^O01^ORM_O01|44|P|2.5.1"
JANE = PatientFacts("NORTH", "771", "female", date(1960, 4, 2))


def reason_of(*segments: str, **settings: str) -> Reason:
    with pytest.raises(MessageRefusedError) as caught:
        parse(message(*segments), **settings)
    return caught.value.reason


@pytest.mark.parametrize("event", ["A08", "A31"])
def test_an_update_brings_the_patient_and_no_study(event: str) -> None:
    said = parse(message(UPDATE.replace("A08", event), "EVN||20260301", PID, "PV1|1|O"))
    assert (said.patients, said.studies, said.external_id) == ((JANE,), (), f"ADT^{event}")
    assert said.message_time is not None


def test_a_merge_names_both_patients() -> None:
    said = parse(message(MERGE, PID, "MRG|99^^^NORTH^MR~17^^^STATE^SS"))
    assert said.merges == (PatientMerge(JANE, PatientFacts("NORTH", "99")),)
    assert said.patients == ()


def test_the_number_given_up_is_one_of_the_survivors_authority() -> None:
    (merge,) = parse(message(MERGE, PID, "MRG|17^^^STATE^SS~99^^^NORTH")).merges
    assert merge.retired == PatientFacts("NORTH", "99")


def test_one_message_merges_several() -> None:
    other = PID.replace("771", "772")
    said = parse(message(MERGE, PID, "MRG|99^^^NORTH^MR", other, "MRG|98^^^NORTH^MR"))
    assert [(merge.survivor.identifier, merge.retired.identifier) for merge in said.merges] == [
        ("771", "99"),
        ("772", "98"),
    ]


@pytest.mark.parametrize(
    "segments",
    [(UPDATE,), (UPDATE, "PID|1||"), (MERGE, PID), (MERGE, PID, "MRG|"), (MERGE, "MRG|99^^^NORTH")],
)
def test_without_a_patient_it_is_refused(segments: tuple[str, ...]) -> None:
    assert reason_of(*segments) is Reason.NO_PATIENT


@pytest.mark.parametrize("kind", ["ADT^A24", "ADT", "SIU^S12", "ACK^R01", "ORU^R30", "ORM^O02", "MDM^T12"])
def test_other_types_are_refused(kind: str) -> None:
    assert reason_of(UPDATE.replace("ADT^A08^ADT_A01", kind), PID) is Reason.WRONG_MESSAGE_TYPE


def test_messages_of_training_and_debugging_are_refused() -> None:
    for letter in "TD":
        assert reason_of(UPDATE.replace("|P|", f"|{letter}|"), PID) is Reason.WRONG_PROCESSING_ID
    assert parse(message(UPDATE.replace("|P|", "||"), PID)).patients
    assert parse(message(UPDATE.replace("|P|", "|P^T|"), PID)).patients
    assert parse(message(UPDATE.replace("|P|", "|T|"), PID), hl7_processing_ids="P, T").patients


def test_an_order_tells_what_the_exam_is_to_be() -> None:
    (study,) = parse(message(ORDER, PID, "ORC|NW|P1|A1", obr("A1", status=""), "ZDS|1.2.3^RIS")).studies
    assert (study.accession, study.study_uid, study.modality) == ("A1", "1.2.3", "CR")
    assert study.ordered
    assert study.started_at is None
    assert study.reports == ()


def test_a_cancelled_order_says_nothing() -> None:
    said = parse(message(ORDER, PID, "ORC|CA|P1|A1", obr("A1", status="")))
    assert (said.studies, said.warnings) == ((), ("cancelled_order",))


def test_an_order_of_the_laboratory_is_refused() -> None:
    lab = obr("A1", section="CH", procedure="GLU^GLUCOSE^L")
    assert reason_of(ORDER, PID, "ORC|NW|P1|A1", lab, obx("5.1", kind="NM")) is Reason.NOT_RADIOLOGY
