"""Keys that end while they are in use: by a date or by hand, over HTTP and on open subscriptions."""

import time
from datetime import timedelta

import pytest
from websockets.exceptions import ConnectionClosed

from ingest.errors import OutageError
from ingest.ledger import api_keys
from ingest.ledger.api_keys import Role
from tests.api.conftest import Api
from tests.api.test_subscriptions import closed_with, follow, let_in, opened, receive, send

SOON_S = 4.0
"""What "within seconds" may take on a busy machine: a look a second, and what was remembered for a second."""


def code(api: Api, key: str) -> str | None:
    """The code with which an operation of this key is refused, if it is."""
    response = api.client.post("/graphql", json={"query": "{ __typename }"}, headers={"Authorization": f"Bearer {key}"})
    found: str | None = None if response.status_code == 200 else response.json()["errors"][0]["extensions"]["code"]
    return found


def seconds_until_refused(api: Api, key: str) -> float:
    started = time.monotonic()
    while code(api, key) is None:
        assert time.monotonic() - started < 30
        time.sleep(0.05)
    assert code(api, key) == "UNAUTHENTICATED"
    return time.monotonic() - started


def test_a_revoked_key_ends_over_http(api: Api) -> None:
    key = api_keys.create(api.ledger, "ward", Role.VIEWER)
    assert code(api, key) is None
    api_keys.revoke(api.ledger, "ward")
    assert seconds_until_refused(api, key) < SOON_S
    assert code(api, api.keys[Role.VIEWER]) is None


def test_a_key_ends_on_its_day_over_http(api: Api) -> None:
    key = api_keys.create(api.ledger, "guest", Role.VIEWER, lasts=timedelta(seconds=1))
    assert code(api, key) is None
    assert 0 < seconds_until_refused(api, key) < 1 + SOON_S


@pytest.fixture
def waiting(api: Api) -> str:
    """An event that nothing happens to."""
    event: str = api.submit("r1", "FINDINGS: Left pleural effusion.")["event"]["id"]
    return event


def test_a_revoked_key_ends_its_subscriptions_and_no_others(api: Api, waiting: str) -> None:
    with let_in(api, Role.VIEWER) as ended, let_in(api, Role.OPERATOR) as other:
        for socket in (ended, other):
            follow(socket, waiting)
            assert receive(socket)["type"] == "next"
        api_keys.revoke(api.ledger, f"{Role.VIEWER}-key")
        started = time.monotonic()
        assert closed_with(ended) == 4403
        assert time.monotonic() - started < SOON_S
        api.work()
        assert receive(other)["type"] == "next"


def test_a_key_that_expires_ends_a_connection_that_asks_nothing(api: Api) -> None:
    key = api_keys.create(api.ledger, "guest", Role.VIEWER, lasts=timedelta(seconds=1))
    with opened(api) as socket:
        send(socket, "connection_init", payload={"Authorization": f"Bearer {key}"})
        assert receive(socket) == {"type": "connection_ack"}
        assert closed_with(socket) == 4403


def test_while_the_ledger_does_not_answer_nobody_is_sent_away(
    api: Api, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with let_in(api, Role.VIEWER) as socket:
        follow(socket, waiting)
        receive(socket)

        def fail(*_: object) -> None:
            raise OutageError("the ledger does not answer")

        with monkeypatch.context() as outage:
            outage.setattr("ingest.ledger.api_keys.authenticate", fail)
            with pytest.raises(TimeoutError):
                socket.recv(timeout=3)
            with opened(api) as newcomer:
                send(newcomer, "connection_init", payload={"Authorization": f"Bearer {api.keys[Role.ADMIN]}-"})
                with pytest.raises(ConnectionClosed) as closed:
                    receive(newcomer)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1013
        send(socket, "ping")
        assert receive(socket) == {"type": "pong"}
