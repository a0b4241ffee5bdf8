"""Submitting a report, and following what became of it."""

from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ingest.formats.origin import Format
from ingest.ledger.access import audit
from ingest.ledger.access.api_keys import Role
from ingest.ledger.events import events
from ingest.ledger.storage.tables import raw_messages
from ingest.receiving.submit import ReceivedMessage, receive
from ingest.settings import receiver_of
from tests.api.conftest import SUBMIT, Api, Serve, submission
from vlmkg.data_dir import DataDir

EVENT = """query ($id: ID!) { event(id: $id) {
    id eventId state reason detail warnings source externalId format size attempts deliveries
    receivedAt messageTime updatedAt studyKeys } }"""
EVENTS = """query ($where: EventWhere, $first: Int! = 20, $after: String) {
  events(where: $where, first: $first, after: $after) {
    totalCount edges { node { eventId state reason } } pageInfo { hasNextPage endCursor } } }"""


def test_a_report_on_its_way_into_the_graph(api: Api) -> None:
    receipt = api.submit("r1", "FINDINGS: Left pleural effusion.", startedAt="2024-01-01")
    assert receipt["duplicate"] is False
    assert receipt["event"]["state"] == "RECEIVED"
    event_id = receipt["event"]["id"]
    before = api.data(EVENT, id=event_id)["event"]
    assert (before["source"], before["externalId"], before["format"]) == ("graphql", "r1", "graphql")
    assert before["messageTime"] is not None
    api.work()
    after = api.data(EVENT, id=before["eventId"])["event"]
    assert (after["id"], after["state"]) == (event_id, "MERGED")
    (key,) = after["studyKeys"]
    study = api.data(
        "query ($k: String!) { study(studyKey: $k) { startedAt findings { edges { node { text } } } } }", k=key
    )["study"]
    assert study["startedAt"] == "2024-01-01T00:00:00Z"
    assert [edge["node"]["text"] for edge in study["findings"]["edges"]] == ["effusion"]


def test_the_same_report_again_does_nothing(api: Api) -> None:
    first = api.submit("r1", "FINDINGS: Left pleural effusion.")
    again = api.submit("r1", "FINDINGS: Left pleural effusion.")
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert again["event"]["id"] == first["event"]["id"]
    assert api.data(EVENT, id=first["event"]["id"])["event"]["deliveries"] == 2


def test_other_words_under_the_same_id_are_a_new_version(api: Api) -> None:
    api.submit("r1", "FINDINGS: Left pleural effusion.")
    api.submit("r1", "FINDINGS: No pleural effusion.")
    api.work()
    page = api.data("{ studies { edges { node { reports { version current text } findings { totalCount } } } } }")
    (edge,) = page["studies"]["edges"]
    assert [(r["version"], r["current"], r["text"]) for r in edge["node"]["reports"]] == [
        (1, False, "FINDINGS: Left pleural effusion."),
        (2, True, "FINDINGS: No pleural effusion."),
    ]
    assert edge["node"]["findings"]["totalCount"] == 0


def test_a_withdrawn_report_leaves_no_finding(api: Api) -> None:
    api.submit("r1", "FINDINGS: Left pleural effusion.")
    api.data(SUBMIT, input=submission("r1", "") | {"status": "WITHDRAWN"})
    api.work()
    assert api.data("{ findings { totalCount } }")["findings"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"text": " \n "}, "no_report_text"),
        ({"text": "x" * (1024 * 1024 + 1)}, "too_large"),
        ({"reportId": " "}, "unreadable"),
        ({"reportId": "i" * 300}, "unreadable"),
        ({"source": "\n"}, "unreadable"),
        ({"patient": {"authority": "TESTS", "identifier": ""}}, "unreadable"),
    ],
)
def test_what_cannot_be_used_is_a_refused_event(api: Api, change: dict[str, Any], reason: str) -> None:
    receipt = api.data(SUBMIT, input=submission("r1", "FINDINGS: Clear lungs.") | change)["submitReport"]
    assert (receipt["event"]["state"], receipt["event"]["reason"]) == ("REFUSED", reason)
    listed = api.data(EVENTS, where={"state": "REFUSED"})["events"]
    assert [edge["node"]["reason"] for edge in listed["edges"]] == [reason]


def test_pages_of_events_newest_first(api: Api) -> None:
    for number in range(5):
        api.submit(f"r{number}", "FINDINGS: Clear lungs.", f"p{number}")
    seen: list[str] = []
    after = None
    while True:
        page = api.data(EVENTS, Role.OPERATOR, first=2, after=after)["events"]
        assert page["totalCount"] == 5
        seen += [edge["node"]["eventId"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == ["5", "4", "3", "2", "1"]
    assert api.data(EVENTS, where={"state": "MERGED"})["events"]["totalCount"] == 0


def test_there_is_no_such_event(api: Api) -> None:
    for event_id in ("99", "Event:99", "x", "Event:", "9" * 40, "²"):
        assert api.data(EVENT, id=event_id) == {"event": None}


def test_rejections_by_reason(api: Api) -> None:
    page = api.data('{ rejections(where: {reason: "cycle"}) { edges { node { reason head tail } } } }')
    assert page["rejections"]["edges"] == []


PAYLOAD = "query ($id: ID!) { eventPayload(id: $id) { eventId size base64 text } }"
REPLAY = "mutation ($id: ID!) { replayEvent(id: $id) { replayed event { state reason } } }"


def test_the_payload_is_what_came_byte_for_byte(api: Api) -> None:
    event_id = api.submit("r1", "FINDINGS: Left pleural effusion.")["event"]["id"]
    found = api.data(PAYLOAD, Role.OPERATOR, id=event_id)["eventPayload"]
    with api.ledger.read() as connection:
        stored = events.get(connection, int(found["eventId"]))
        (entry, *_) = audit.entries(connection, limit=1)
        patients = events.patient_ids(connection, [int(found["eventId"])])
    raw = b64decode(found["base64"])
    assert stored is not None
    assert (sha256(raw).hexdigest(), len(raw)) == (stored.digest, found["size"])
    assert raw.decode() == found["text"]
    assert "Left pleural effusion" in found["text"]
    assert (entry.action, list(entry.patients), entry.outcome) == ("query eventPayload", patients, "ok")
    assert len(patients) == 1


PARTS = "query ($id: ID!) { eventParts(id: $id) { eventId text cut parts { name value start end problem } } }"


def test_a_refused_message_is_taken_apart_and_the_reading_is_audited(serve: Serve, tmp_path: Path) -> None:
    api = serve()
    raw = b"MSH|^~\\&|RIS|HOSP|||20240101||SIU^S12|1|P|2.5\rPID|||4711^^^HOSP||Muster^Anna"
    receive(receiver_of(DataDir(tmp_path / "var")), ReceivedMessage(raw, Format.HL7))
    (edge,) = api.data("{ events(where: {state: REFUSED}) { edges { node { eventId reason } } } }")["events"]["edges"]
    assert edge["node"]["reason"] == "wrong_message_type"
    found = api.data(PARTS, Role.ADMIN, id=edge["node"]["eventId"])["eventParts"]
    assert (found["text"], found["cut"]) == (raw.decode(), False)
    assert [one["name"] for one in found["parts"] if one["problem"]] == ["MSH-9"]
    for one in found["parts"]:
        assert found["text"][one["start"] : one["end"]] == one["value"]
    with api.ledger.read() as connection:
        (entry, *_) = audit.entries(connection, limit=1)
    assert (entry.action, entry.actor, entry.outcome) == ("query eventParts", "admin-key", "ok")


def test_a_message_that_was_taken_has_no_problem(api: Api) -> None:
    event_id = api.submit("r1", "FINDINGS: Left pleural effusion.")["event"]["id"]
    found = api.data(PARTS, Role.ADMIN, id=event_id)["eventParts"]
    assert {"report.text": '"FINDINGS: Left pleural effusion."'}.items() <= {
        one["name"]: one["value"] for one in found["parts"]
    }.items()
    assert not any(one["problem"] for one in found["parts"])


def test_there_is_no_such_payload(api: Api) -> None:
    assert api.data(PARTS, id="99") == {"eventParts": None}
    assert api.data(PAYLOAD, id="99") == {"eventPayload": None}
    assert api.data(REPLAY, id="99") == {"replayEvent": None}


def test_a_payload_that_was_lost(api: Api) -> None:
    event_id = api.submit("r1", "FINDINGS: Left pleural effusion.")["event"]["id"]
    with api.ledger.write() as connection:
        connection.execute(raw_messages.delete())
    assert api.code(PAYLOAD, id=event_id) == "NO_PAYLOAD"
    assert api.data(REPLAY, id=event_id)["replayEvent"]["replayed"] is False


def test_replaying_a_merged_event_leads_to_the_same_graph(api: Api) -> None:
    event_id = api.submit("r1", "FINDINGS: Left pleural effusion.", startedAt="2024-01-01")["event"]["id"]
    api.work()
    asked = "{ findings { edges { node { id text presence } } } }"
    before = api.data(asked)
    replayed = api.data(REPLAY, Role.OPERATOR, id=event_id)["replayEvent"]
    assert replayed == {"replayed": True, "event": {"state": "RECEIVED", "reason": None}}
    api.work()
    assert api.data(EVENT, id=event_id)["event"]["state"] == "MERGED"
    assert api.data(asked) == before


def test_replaying_what_is_refused_again(api: Api) -> None:
    event_id = api.submit("r1", " ")["event"]["id"]
    replayed = api.data(REPLAY, id=event_id)["replayEvent"]
    assert replayed == {"replayed": False, "event": {"state": "REFUSED", "reason": "no_report_text"}}
