"""Missed findings: marked by people, kept in the ledger, and gone with the report."""

from typing import Any

import pytest

from ingest.ledger.access import audit
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api

TEXT = "FINDINGS: Small left effusion. Ähnlich: a subtle lucency 𝔸 at the apex."
MARK = """mutation ($input: MissedFindingInput!) { markMissed(input: $input) {
  missedId reviewer reportKey start end text presence conceptCode conceptName note
  relation { type start end text } } }"""
MARKS = "query ($key: String!) { missedFindings(studyKey: $key) { missedId text presence reviewer } }"
WITHDRAW = "mutation ($id: ID!) { withdrawMissed(id: $id) { missedId } }"


@pytest.fixture
def one(api: Api) -> Api:
    """One report, read and merged."""
    api.submit("r1", TEXT, "anna", startedAt="2024-01-01", studyUid="1.2.1")
    api.work()
    return api


def study(api: Api) -> Any:
    (edge,) = api.data("{ studies { edges { node { studyKey reports { reportKey } } } } }")["studies"]["edges"]
    return edge["node"]


def given(api: Api, words: str, **more: Any) -> dict[str, Any]:
    start = TEXT.index(words)
    key = study(api)["reports"][0]["reportKey"]
    return {"reportKey": key, "start": start, "end": start + len(words), "presence": "PRESENT", **more}


def mark(api: Api, words: str, role: Role = Role.VIEWER, **more: Any) -> Any:
    return api.data(MARK, role, input=given(api, words, **more))["markMissed"]


def marks(api: Api) -> list[tuple[str, str, str]]:
    found = api.data(MARKS, key=study(api)["studyKey"])["missedFindings"]
    return [(one["text"], one["presence"], one["reviewer"]) for one in found]


def test_words_concept_and_relation_are_kept(one: Api) -> None:
    apex = TEXT.index("apex")
    relation = {"type": "LOCATED_AT", "start": apex, "end": apex + 4}
    found = mark(one, "lucency 𝔸", conceptCode="RID34539", relation=relation, note=" look again ")
    assert found["text"] == "lucency 𝔸"
    assert (found["conceptCode"], found["conceptName"], found["note"]) == ("RID34539", "pleural effusion", "look again")
    assert found["relation"] == {**relation, "text": "apex"}
    assert marks(one) == [("lucency 𝔸", "PRESENT", "viewer-key")]


def test_the_latest_mark_of_each_person_counts_and_can_be_withdrawn_by_them_alone(one: Api) -> None:
    mark(one, "lucency")
    mark(one, "lucency", presence="UNCERTAIN")
    other = mark(one, "lucency", Role.OPERATOR)
    assert marks(one) == [("lucency", "UNCERTAIN", "viewer-key"), ("lucency", "PRESENT", "operator-key")]
    assert one.data(WITHDRAW, Role.VIEWER, id=other["missedId"]) == {"withdrawMissed": None}
    assert one.data(WITHDRAW, Role.OPERATOR, id=other["missedId"])["withdrawMissed"] == {"missedId": other["missedId"]}
    assert marks(one) == [("lucency", "UNCERTAIN", "viewer-key")]
    assert one.data(WITHDRAW, Role.OPERATOR, id=other["missedId"]) == {"withdrawMissed": None}
    assert one.data(WITHDRAW, Role.OPERATOR, id="no number") == {"withdrawMissed": None}


@pytest.mark.parametrize(
    "change",
    [
        {"start": 5, "end": 5},
        {"start": -1, "end": 3},
        {"end": len(TEXT) + 1},
        {"start": 9, "end": 10},
        {"conceptCode": "RID0000000"},
        {"note": "x" * 2_001},
        {"relation": {"type": "MODIFY", "start": TEXT.index("lucency"), "end": TEXT.index("lucency") + 3}},
        {"relation": {"type": "MODIFY", "start": 0, "end": 999}},
    ],
)
def test_what_is_no_mark_is_refused_and_not_kept(one: Api, change: dict[str, Any]) -> None:
    assert one.code(MARK, Role.VIEWER, input=given(one, "lucency") | change) == "BAD_USER_INPUT"
    assert marks(one) == []


def test_an_unknown_report_is_none(one: Api) -> None:
    assert one.data(MARK, input=given(one, "lucency") | {"reportKey": "x"}) == {"markMissed": None}


def test_marks_stay_when_the_report_is_read_again_and_the_graph_does_not_change(one: Api) -> None:
    before = one.data("{ findings { totalCount edges { node { id } } } }")
    mark(one, "lucency")
    one.work()
    assert one.data("{ findings { totalCount edges { node { id } } } }") == before
    one.submit("r1", f"{TEXT} No pneumothorax.", "anna", startedAt="2024-01-01", studyUid="1.2.1")
    one.work()
    assert marks(one) == [("lucency", "PRESENT", "viewer-key")]


def test_the_trail_names_the_patient(one: Api) -> None:
    mark(one, "lucency")
    patient = one.data("{ patients { edges { node { patientId } } } }")["patients"]["edges"][0]["node"]["patientId"]
    with one.ledger.read() as connection:
        (entry,) = [each for each in audit.entries(connection, limit=50) if each.action == "mutation markMissed"]
    assert (entry.actor, entry.patients, entry.outcome) == ("viewer-key", (patient,), "ok")
