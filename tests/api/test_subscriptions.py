"""Following an event over graphql-transport-ws, by a client of the `websockets` package."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from api.websocket import MOST_OPERATIONS
from ingest.ledger.access import audit
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api

FOLLOW = "subscription ($id: ID!) { eventUpdates(id: $id) { eventId state } }"


@contextmanager
def opened(api: Api, **more: Any) -> Iterator[ClientConnection]:
    url = str(api.client.base_url).replace("http", "ws", 1).rstrip("/") + "/graphql"
    with connect(url, subprotocols=["graphql-transport-ws"], proxy=None, **more) as socket:  # type: ignore[list-item]
        yield socket


def send(socket: ClientConnection, type_: str, **more: Any) -> None:
    socket.send(json.dumps({"type": type_} | more))


def receive(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=20))


@contextmanager
def let_in(api: Api, role: Role = Role.VIEWER) -> Iterator[ClientConnection]:
    with opened(api) as socket:
        send(socket, "connection_init", payload={"Authorization": f"Bearer {api.keys[role]}"})
        assert receive(socket) == {"type": "connection_ack"}
        yield socket


def follow(socket: ClientConnection, event_id: str, operation: str = "1", query: str = FOLLOW) -> None:
    send(socket, "subscribe", id=operation, payload={"query": query, "variables": {"id": event_id}})


def closed_with(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        receive(socket)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def test_an_event_is_followed_until_it_is_merged(api: Api) -> None:
    event = api.submit("r1", "FINDINGS: Left pleural effusion.")["event"]
    with let_in(api) as socket:
        follow(socket, event["id"])
        first = receive(socket)
        assert first["payload"]["data"]["eventUpdates"]["state"] == "RECEIVED"
        worker = threading.Thread(target=api.work)
        worker.start()
        states = []
        while (message := receive(socket))["type"] == "next":
            states.append(message["payload"]["data"]["eventUpdates"]["state"])
        worker.join()
    assert message == {"type": "complete", "id": "1"}
    assert states[-1] == "MERGED"
    with api.ledger.read() as connection:
        entries = audit.entries(connection, limit=100)
    followed = [entry for entry in entries if entry.action == "subscription eventUpdates"]
    assert len(followed) == len(states) + 1
    assert {(entry.actor, entry.outcome) for entry in followed} == {("viewer-key", "ok")}


def test_an_event_that_is_settled_is_told_once(api: Api) -> None:
    event = api.submit("r1", " ")["event"]
    with let_in(api) as socket:
        follow(socket, event["id"])
        assert receive(socket)["payload"] == {"data": {"eventUpdates": {"eventId": "1", "state": "REFUSED"}}}
        assert receive(socket) == {"type": "complete", "id": "1"}


def test_there_is_no_such_event(api: Api) -> None:
    with let_in(api) as socket:
        follow(socket, "99")
        assert receive(socket) == {"type": "complete", "id": "1"}


def test_a_client_that_has_seen_enough(api: Api) -> None:
    event = api.submit("r1", "FINDINGS: Clear lungs.")["event"]
    with let_in(api) as socket:
        follow(socket, event["id"])
        receive(socket)
        send(socket, "complete", id="1")
        send(socket, "ping")
        assert receive(socket) == {"type": "pong"}
        follow(socket, event["id"])
        assert receive(socket)["type"] == "next"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { eventUpdates(id: 1) { nothing } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("{ findings { totalCount } }", "BAD_REQUEST"),
        ("mutation { replayEvent(id: 1) { replayed } }", "BAD_REQUEST"),
        ("subscription { eventUpdates(id: 1) { externalId } }", "FORBIDDEN"),
    ],
)
def test_what_is_refused(api: Api, query: str, code: str) -> None:
    with let_in(api, Role.RESEARCHER) as socket:
        send(socket, "subscribe", id="1", payload={"query": query})
        message = receive(socket)
        assert (message["type"], message["id"]) == ("error", "1")
        assert message["payload"][0]["extensions"]["code"] == code


def test_a_subscription_by_post_is_refused(api: Api) -> None:
    assert api.code("subscription { eventUpdates(id: 1) { state } }") == "BAD_REQUEST"


@pytest.mark.parametrize("payload", [None, {}, {"Authorization": "Bearer wrong"}, {"Authorization": 1}, []])
def test_nobody_gets_in_without_a_key(api: Api, payload: Any) -> None:
    with opened(api) as socket:
        send(socket, "connection_init", payload=payload)
        assert closed_with(socket) == 4403


def test_a_key_in_the_header_does_too(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.keys[Role.VIEWER]}"}
    with opened(api, additional_headers=headers) as socket:
        send(socket, "connection_init")
        assert receive(socket) == {"type": "connection_ack"}


def test_asking_before_being_let_in(api: Api) -> None:
    with opened(api) as socket:
        follow(socket, "1")
        assert closed_with(socket) == 4401


def test_who_says_nothing_is_sent_away(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.websocket.INIT_WITHIN_S", 0.1)
    with opened(api) as socket:
        assert closed_with(socket) == 4408


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("no json", 4400),
        (b'{"type": "ping"}', 4400),
        ('{"type": 1}', 4400),
        ("[]", 4400),
        ('{"type": "dance"}', 4400),
        ('{"type": "subscribe", "id": "1"}', 4400),
        ('{"type": "subscribe", "payload": {}}', 4400),
        ('{"type": "subscribe", "id": 1, "payload": {}}', 4400),
        ('{"type": "subscribe", "id": "", "payload": {}}', 4400),
        ('{"type": "subscribe", "id": ["1"], "payload": {}}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": "query"}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": [["query"]]}', 4400),
        ('{"type": "complete", "id": {"a": 1}}', 4400),
        ('{"type": ["subscribe"], "id": "1"}', 4400),
        ("null", 4400),
        ('"subscribe"', 4400),
        ("[" * 100_000, 4400),
        ('{"type": "connection_init"}', 4429),
        ('{"type": "connection_init", "payload": []}', 4429),
    ],
)
def test_messages_that_break_the_protocol(api: Api, message: str | bytes, code: int) -> None:
    with let_in(api) as socket:
        socket.send(message)
        assert closed_with(socket) == code


@pytest.mark.parametrize(
    "payload",
    [{}, {"query": None}, {"query": 1}, {"query": FOLLOW, "variables": []}, {"query": FOLLOW, "operationName": 1}],
)
def test_a_payload_that_asks_nothing_ends_the_operation_alone(api: Api, payload: Any) -> None:
    with let_in(api) as socket:
        for operation in ("1", "2"):
            send(socket, "subscribe", id=operation, payload=payload)
            message = receive(socket)
            assert (message["type"], message["id"]) == ("error", operation)
            assert message["payload"][0]["extensions"]["code"] == "BAD_REQUEST"


def test_operations_at_once(api: Api) -> None:
    """Twenty, and one more: that one is refused, and those that run go on."""
    event = api.submit("r1", "FINDINGS: Clear lungs.")["event"]
    with let_in(api) as socket:
        for number in range(MOST_OPERATIONS):
            follow(socket, event["id"], str(number))
            assert receive(socket)["type"] == "next"
        follow(socket, event["id"], "more")
        refused = receive(socket)
        assert (refused["type"], refused["id"]) == ("error", "more")
        assert refused["payload"][0]["extensions"]["code"] == "BAD_REQUEST"
        send(socket, "complete", id="0")
        follow(socket, event["id"], "another")
        assert receive(socket)["type"] == "next"


def test_a_document_that_is_expensive_to_read_is_refused(api: Api) -> None:
    """Strawberry reads it on the event loop, where everybody waits."""
    repeated = "study { id } " * 400
    query = f"subscription ($id: ID!) {{ eventUpdates(id: $id) {{ id }} }} fragment f on Finding {{ {repeated} }}"
    with let_in(api) as socket:
        follow(socket, "1", query=query)
        assert receive(socket)["payload"][0]["extensions"]["code"] == "COST_LIMIT"
        follow(socket, "1", query="subscription { nothing }")
        assert receive(socket)["payload"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_one_caller_follows_no_more_than_a_share(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """On all connections together; others are not concerned, and what ends makes room."""
    monkeypatch.setattr("api.websocket.MOST_OF_CALLER", 3)
    event = api.submit("r1", "FINDINGS: Clear lungs.")["event"]
    with let_in(api) as one, let_in(api) as another, let_in(api, Role.OPERATOR) as other:
        for number, socket in enumerate((one, another, one)):
            follow(socket, event["id"], str(number))
            assert receive(socket)["type"] == "next"
        follow(another, event["id"], "more")
        assert receive(another)["payload"][0]["extensions"]["code"] == "BAD_REQUEST"
        follow(other, event["id"])
        assert receive(other)["type"] == "next"
        one.close()
        assert eventually(lambda: follows(another, event["id"]))


def follows(socket: ClientConnection, event_id: str) -> bool:
    follow(socket, event_id, str(time.time_ns()))
    return bool(receive(socket)["type"] == "next")


def eventually(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def test_an_id_that_is_in_use(api: Api) -> None:
    event = api.submit("r1", "FINDINGS: Clear lungs.")["event"]
    with let_in(api) as socket:
        follow(socket, event["id"])
        receive(socket)
        follow(socket, event["id"])
        assert closed_with(socket) == 4409


def test_a_page_of_another_site_is_not_served(api: Api) -> None:
    with pytest.raises(InvalidStatus), opened(api, origin="https://elsewhere.example"):
        pass


def test_the_page_of_this_server_is_served(api: Api) -> None:
    url = str(api.client.base_url).rstrip("/")
    with opened(api, origin=url) as socket:
        send(socket, "connection_init", payload={"Authorization": f"Bearer {api.keys[Role.VIEWER]}"})
        assert receive(socket) == {"type": "connection_ack"}


@pytest.mark.parametrize("origin", ["null", "http://127.0.0.1:1", "https://[", "http://127.0.0.1.elsewhere.example"])
def test_other_origins(api: Api, origin: str) -> None:
    with pytest.raises(InvalidStatus), opened(api, origin=origin):
        pass


def test_other_protocols_are_not_spoken(api: Api) -> None:
    url = str(api.client.base_url).replace("http", "ws", 1).rstrip("/") + "/graphql"
    with pytest.raises(InvalidStatus), connect(url, subprotocols=["graphql-ws"], proxy=None):  # type: ignore[list-item]
        pass


FEED = "subscription { feedUpdates { newest states { state count } } }"


def counts(message: Any) -> tuple[Any, dict[str, int]]:
    told = message["payload"]["data"]["feedUpdates"]
    return told["newest"], {one["state"]: one["count"] for one in told["states"] if one["count"]}


def test_the_feed_is_told_now_and_after_each_change(api: Api) -> None:
    with let_in(api, Role.OPERATOR) as socket:
        send(socket, "subscribe", id="1", payload={"query": FEED})
        assert counts(receive(socket)) == (None, {})
        api.submit("r1", "FINDINGS: Left pleural effusion.")
        assert counts(receive(socket)) == ("1", {"RECEIVED": 1})
        api.submit("r2", " ")
        assert counts(receive(socket)) == ("2", {"RECEIVED": 1, "REFUSED": 1})


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESEARCHER])
def test_the_feed_is_for_operators(api: Api, role: Role) -> None:
    with let_in(api, role) as socket:
        send(socket, "subscribe", id="1", payload={"query": FEED})
        (error,) = receive(socket)["payload"]
        assert error["extensions"]["code"] == "FORBIDDEN"
