"""CELERY_BROKER_URL in its three forms, against real servers: plain, by TLS, and a group that a Sentinel watches."""

import logging
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from ingest.errors import OutageError
from ingest.redis_address import read_address, redis_outages
from ingest.workers.broker import Broker
from ingest.workers.celery_app import make_app
from ingest.workers.queues import Queue
from stack.servers import why_redis_fails
from tests.fixtures.ports import free_port
from tests.ingest.gateway.certificates import Certificates
from tests.ingest.workers.running import wait_for
from vlmkg.errors import UsageError

PASSWORD = "a:b/c@d"  # what an address must quote
QUOTED = "a%3Ab%2Fc%40d"
LIMIT_S = 30.0
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start redis-server with options; all end with the test."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> subprocess.Popen[bytes]:
        command = ("redis-server", *options, "--bind", "127.0.0.1", "--dir", str(tmp_path))
        with (tmp_path / "redis.log").open("ab") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()


@pytest.fixture
def tls(start: Start, tmp_path: Path) -> tuple[int, Certificates]:
    """The port of a server that speaks TLS, and the certificates."""
    made, port = Certificates.make(tmp_path), free_port()
    files = ("--tls-cert-file", made.file("server.pem"), "--tls-key-file", made.file("server.key"))
    process = start("--port", "0", "--tls-port", str(port), *files, "--tls-ca-cert-file", made.file("ca.pem"),
                    "--tls-auth-clients", "no", "--save", "", "--requirepass", PASSWORD)  # fmt: skip
    client = redis.Redis("127.0.0.1", port, ssl=True, ssl_ca_certs=made.file("ca.pem"), password=PASSWORD)
    wait_for(lambda: process.poll() is not None or _answers(client), LIMIT_S)
    assert process.poll() is None, (tmp_path / "redis.log").read_text()
    client.close()
    return port, made


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def use(url: str) -> None:
    """Count, send and receive, as the workers' programs do."""
    app = make_app(url)
    broker = Broker(app, url)
    try:
        broker.wake(Queue.EXTRACT, [41])
        assert broker.waiting(Queue.EXTRACT) == 1
        with app.connection_for_read() as connection:
            message = connection.SimpleQueue(Queue.EXTRACT.value).get(timeout=5)
            message.ack()
        assert message.payload[:2] == [[41], {}]
    finally:
        broker.close()


async def test_tls_works_checked_and_without_a_warning(
    tls: tuple[int, Certificates], caplog: pytest.LogCaptureFixture
) -> None:
    port, made = tls
    url = f"rediss://:{QUOTED}@127.0.0.1:{port}/3?ssl_ca_certs={made.file('ca.pem')}"
    with caplog.at_level(logging.WARNING):
        use(url)
    assert "insecure" not in caplog.text
    assert why_redis_fails(url) is None


@pytest.mark.parametrize("authority", ["none", "another"])
def test_an_untrusted_certificate_is_told_as_such(tls: tuple[int, Certificates], authority: str) -> None:
    port, made = tls
    options = "" if authority == "none" else f"?ssl_ca_certs={made.file('stranger.pem')}"
    url = f"rediss://:{QUOTED}@127.0.0.1:{port}/0{options}"
    broker = Broker(make_app(url), url)
    calls: tuple[Callable[[], object], ...] = (
        lambda: broker.waiting(Queue.EXTRACT),
        lambda: broker.wake(Queue.EXTRACT, [1]),
    )
    for call in calls:
        with pytest.raises(OutageError, match="the certificate of Redis is not trusted") as raised:
            call()
        assert "ssl_ca_certs" in raised.value.remedy
    broker.close()
    fault = why_redis_fails(url)
    assert fault is not None
    assert "certificate" in str(fault)


def test_checking_no_certificate_must_be_asked_for(tls: tuple[int, Certificates]) -> None:
    use(f"rediss://:{QUOTED}@127.0.0.1:{tls[0]}/0?ssl_cert_reqs=none")


def test_a_wrong_password_or_address_is_told(start: Start) -> None:
    port = free_port()
    start("--port", str(port), "--save", "", "--requirepass", PASSWORD)
    client = redis.Redis(port=port, password=PASSWORD)
    wait_for(lambda: _answers(client), LIMIT_S)
    client.close()
    use(f"redis://:{QUOTED}@127.0.0.1:{port}/0")
    for url, words in (
        (f"redis://:wrong@127.0.0.1:{port}/0", "refused the login"),
        (f"redis://127.0.0.1:{port}/0", "refused the login"),
        (f"rediss://:{QUOTED}@127.0.0.1:{port}/0", "does not respond"),
        (f"redis://127.0.0.1:{free_port()}/0", "does not respond"),
        (f"sentinel://127.0.0.1:{free_port()}/0", "no Sentinel"),
    ):
        fault = why_redis_fails(url)
        assert fault is not None, url
        assert words in str(fault), url
        assert PASSWORD not in str(fault) + fault.remedy


def test_a_sentinel_names_the_server_and_a_failover_is_followed(start: Start, tmp_path: Path) -> None:
    ports = [free_port() for _ in range(2)]
    login = ("--requirepass", PASSWORD, "--masterauth", PASSWORD, "--save", "")
    first = start("--port", str(ports[0]), *login)
    start("--port", str(ports[1]), *login, "--replicaof", "127.0.0.1", str(ports[0]), "--repl-diskless-sync-delay", "0")
    replica = redis.Redis(port=ports[1], password=PASSWORD, decode_responses=True)
    wait_for(lambda: _answers(replica) and replica.info("replication").get("master_link_status") == "up", LIMIT_S)
    sentinel = free_port()
    (tmp_path / "sentinel.conf").write_text(
        f"port {sentinel}\nrequirepass watch\nsentinel monitor ward 127.0.0.1 {ports[0]} 1\n"
        f"sentinel auth-pass ward {PASSWORD}\nsentinel down-after-milliseconds ward 500\n"
        "sentinel failover-timeout ward 2000\n"
    )
    start(str(tmp_path / "sentinel.conf"), "--sentinel")
    url = f"sentinel://:{QUOTED}@127.0.0.1:{sentinel}/1?master_name=ward&sentinel_password=watch"
    watcher = redis.Redis(port=sentinel, password="watch", decode_responses=True)
    wait_for(lambda: _answers(watcher) and len(watcher.sentinel_slaves("ward")) == 1, LIMIT_S)
    use(url)

    broker = Broker(make_app(url), url)
    broker.wake(Queue.EXTRACT, [1])
    wait_for(lambda: replica.info("replication")["master_link_status"] == "up", LIMIT_S)
    first.kill()
    first.wait()
    with pytest.raises(OutageError):
        broker.waiting(Queue.EXTRACT)
    wait_for(lambda: why_redis_fails(url) is None and replica.role()[0] == "master", LIMIT_S)
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            broker.wake(Queue.EXTRACT, [2])
            break
        except OutageError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert broker.waiting(Queue.EXTRACT) >= 1
    broker.close()
    for client in (replica, watcher):
        client.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("amqp://guest:secret@host/", "amqp://"),
        ("host:6379", "not as a Redis address"),
        ("redis://:secret@a/0;redis://b/0", "several"),
        ("redis://:secret@a/0;sentinel://b", "redis and sentinel"),
        ("redis://:secret@a/zero", "not a number"),
        ("redis://:secret@a:port/0", "not a number"),
        ("redis://:secret@a/0?ssl_ca_certs=x", "ssl_ca_certs"),
        ("sentinel://:secret@a/0?ssl_ca_certs=x", "ssl_ca_certs"),
        ("rediss://:secret@a/0?master_name=x", "master_name"),
    ],
)
def test_another_address_is_refused_without_quoting_it(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as raised:
        read_address(url)
    assert "secret" not in str(raised.value) + raised.value.remedy + repr(raised.value)


def test_a_password_is_in_no_repr() -> None:
    address = read_address("sentinel://:secret@a:1/0;sentinel://b?sentinel_password=secret")
    assert address.hosts == (("a", 1), ("b", 26379))
    assert "secret" not in repr(address)
    with pytest.raises(OutageError, match="does not speak TLS"), redis_outages():
        raise redis.ConnectionError from ssl.SSLError(1, "wrong version number")
