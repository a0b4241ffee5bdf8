"""A store that another machine serves: whatever it answers, or does not, is an outage; absence alone is absence."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingest import blobs, remote_blobs
from ingest.blobs import BlobStore, open_blobs
from ingest.errors import BlobLostError, OutageError
from tests.fixtures.ports import free_port
from tests.fixtures.s3_server import BUCKET, S3Server
from vlmkg.errors import UsageError

KEY = sha256(b"a film").hexdigest()
CALLS: dict[str, Callable[[BlobStore], object]] = {
    "put": lambda store: blobs.put_many(store, [b"a film"]),
    "get": lambda store: blobs.get(store, KEY),
    "exists": lambda store: blobs.exists(store, KEY),
    "delete": lambda store: blobs.delete(store, KEY),
}
ABSENT = "<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>"
LONGEST_S = 30.0
"""Far above what the bounds of ingest.remote_blobs give, and far below obstore's own three minutes."""


def store_at(port: int, monkeypatch: pytest.MonkeyPatch, url: str = "s3://films/blobs") -> BlobStore:
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "tester-secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return open_blobs(url)


@contextmanager
def answering(status: int, body: str) -> Iterator[int]:
    """A server on a free port that gives every request this answer; status 0: it closes without one."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if status:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else body.encode())
            self.close_connection = True

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815 - the server's own names

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("call", sorted(CALLS))
def test_a_server_that_is_off_is_an_outage_soon(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_at(free_port(), monkeypatch)
    began = time.monotonic()
    with pytest.raises(OutageError) as raised:
        CALLS[call](store)
    assert time.monotonic() - began < LONGEST_S
    assert "VLMKG_BLOB_URL" in raised.value.remedy
    assert raised.value.retryable


@pytest.mark.parametrize("call", sorted(CALLS))
@pytest.mark.parametrize(
    ("status", "body"), [(0, ""), (400, ""), (401, ""), (403, "<Error/>"), (429, ""), (500, "x"), (503, "")]
)
def test_an_answer_that_is_none_is_an_outage(
    call: str, status: int, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(status, body) as port, pytest.raises(OutageError):
        CALLS[call](store_at(port, monkeypatch))


@pytest.mark.parametrize("call", ["put", "get", "exists"])
def test_an_absent_bucket_loses_no_blob(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that was restored empty, or a wrong name, must not make every film count as lost."""
    with answering(404, ABSENT) as port, pytest.raises(OutageError):
        CALLS[call](store_at(port, monkeypatch))


@pytest.mark.parametrize("url", ["http://host/x", "ftp://host/x", "memory:///x", "s3://", "az://without-an-account"])
def test_another_url_is_told_at_once(url: str) -> None:
    with pytest.raises(UsageError, match="VLMKG_BLOB_URL"):
        open_blobs(url)


def test_without_obstore_it_says_what_to_install() -> None:
    """In an interpreter that can't import it; a store in a folder needs none of it."""
    program = (
        "import sys; sys.modules['obstore'] = None\n"
        "from ingest.blobs import open_blobs\n"
        "from vlmkg.errors import UsageError\n"
        "open_blobs(sys.argv[1])\n"
        "try: open_blobs('s3://films/blobs')\n"
        "except UsageError as error: print(error, '|', error.remedy)\n"
    )
    folder = "file:///tmp"
    found = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
    assert "obstore is not installed" in found.stdout
    assert remote_blobs.INSTALL in found.stdout


@pytest.mark.s3
def test_what_was_put_is_got(s3: S3Server) -> None:
    store = open_blobs(s3.environment["VLMKG_BLOB_URL"])
    raws = [b"", b"a film", b"\x00\xff" * 500_000]
    keys = blobs.put_many(store, raws)
    assert blobs.put_many(store, raws) == keys
    assert [blobs.get(store, key) for key in keys] == raws
    assert sorted(path.name for path in (s3.store / BUCKET).rglob("*") if path.is_file()) == sorted(keys)
    for _ in range(2):
        blobs.delete(store, KEY)
    assert [blobs.exists(store, key) for key in keys] == [True, False, True]
    with pytest.raises(BlobLostError, match="is missing"):
        blobs.get(store, KEY)


@pytest.mark.s3
def test_other_credentials_are_an_outage(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs.put_many(open_blobs(s3.environment["VLMKG_BLOB_URL"]), [b"a film"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    store = open_blobs(s3.environment["VLMKG_BLOB_URL"])
    for call in CALLS.values():
        with pytest.raises(OutageError):
            call(store)


@pytest.mark.s3
@pytest.mark.parametrize("call", sorted(CALLS))
def test_a_killed_server_is_an_outage_and_then_goes_on(s3: S3Server, call: str) -> None:
    store = open_blobs(s3.environment["VLMKG_BLOB_URL"])
    blobs.put_many(store, [b"a film"])
    s3.kill()
    with pytest.raises(OutageError):
        CALLS[call](store)
    s3.start()
    CALLS[call](store)


@pytest.mark.s3
def test_a_bucket_that_is_absent_is_an_outage(s3: S3Server) -> None:
    store = open_blobs("s3://another/blobs")
    for call in ("put", "get", "exists"):
        with pytest.raises(OutageError):
            CALLS[call](store)
