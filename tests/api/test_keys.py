"""Keys that end while they are in use: by a date or by hand, over HTTP and on open subscriptions."""

import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import update
from websockets.exceptions import ConnectionClosed

from api.callers import REMEMBERED_S
from api.websocket import LOOK_AGAIN_S
from ingest.errors import OutageError
from ingest.ledger.access import api_keys
from ingest.ledger.access.api_keys import Role
from ingest.ledger.storage.tables import api_keys as keys_table
from tests.api.conftest import Api
from tests.api.test_subscriptions import closed_with, follow, let_in, opened, receive, send


def code(api: Api, key: str) -> str | None:
    """The code with which an operation of this key is refused, if it is."""
    response = api.client.post("/graphql", json={"query": "{ __typename }"}, headers={"Authorization": f"Bearer {key}"})
    found: str | None = None if response.status_code == 200 else response.json()["errors"][0]["extensions"]["code"]
    return found


def is_refused_soon(api: Api, key: str) -> bool:
    """A busy machine takes its time: that it is soon on one that is not is what the constants say."""
    deadline = time.monotonic() + 60
    while code(api, key) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return code(api, key) == "UNAUTHENTICATED"


def expire(api: Api, key: str) -> None:
    """As if the key's day had passed."""
    with api.ledger.write() as connection:
        key_hash = sha256(key.encode()).hexdigest()
        past = update(keys_table).where(keys_table.c.key_hash == key_hash)
        connection.execute(past.values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))


def test_within_two_seconds() -> None:
    """As docs/graphql.md promises: what is remembered, and how often an open connection is looked at."""
    assert REMEMBERED_S + LOOK_AGAIN_S <= 2


def test_a_revoked_key_ends_over_http(api: Api) -> None:
    key = api_keys.create(api.ledger, "ward", Role.VIEWER)
    assert code(api, key) is None
    api_keys.revoke(api.ledger, "ward")
    assert is_refused_soon(api, key)
    assert code(api, api.keys[Role.VIEWER]) is None


def test_a_key_ends_on_its_day_over_http(api: Api) -> None:
    key = api_keys.create(api.ledger, "guest", Role.VIEWER, lasts=timedelta(days=1))
    assert code(api, key) is None
    expire(api, key)
    assert is_refused_soon(api, key)


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
        assert closed_with(ended) == 4403
        api.work()
        assert receive(other)["type"] == "next"


def test_a_key_that_expires_ends_a_connection_that_asks_nothing(api: Api) -> None:
    key = api_keys.create(api.ledger, "guest", Role.VIEWER, lasts=timedelta(days=1))
    with opened(api) as socket:
        send(socket, "connection_init", payload={"Authorization": f"Bearer {key}"})
        assert receive(socket) == {"type": "connection_ack"}
        expire(api, key)
        assert closed_with(socket) == 4403


def test_while_the_ledger_does_not_answer_nobody_is_sent_away(
    api: Api, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with let_in(api, Role.VIEWER) as socket:
        follow(socket, waiting)
        receive(socket)

        def fail(*_: object) -> None:
            raise OutageError("the ledger does not respond")

        with monkeypatch.context() as outage:
            outage.setattr("ingest.ledger.access.api_keys.authenticate", fail)
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
