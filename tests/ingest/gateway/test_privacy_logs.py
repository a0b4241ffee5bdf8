"""What the libraries log of an exception that nobody foresaw: of what kind and where, without its words."""

import asyncio
import io
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import pytest
import uvicorn
from celery import Celery
from celery.app import trace

from tests.ingest.gateway.privacy_messages import WORD
from vlmkg.logs import library_formatter
from vlmkg.settings import LogFormat

LIBRARIES = ("celery.app.trace", "uvicorn.error")


@pytest.fixture(params=list(LogFormat))
def printed(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the loggers of the libraries print."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(library_formatter(request.param))
    for name in LIBRARIES:
        logging.getLogger(name).addHandler(handler)
    yield stream
    for name in LIBRARIES:
        logging.getLogger(name).removeHandler(handler)


def fail(word: str) -> None:
    int(word)


def test_of_a_task(printed: io.StringIO) -> None:
    app = Celery("tests", set_as_current=False)
    run = trace.build_tracer("fail", app.task(fail, name="fail", shared=False), app=app, eager=True)
    run("id", [WORD], {}, None)
    assert "unexpected ValueError" in printed.getvalue()
    assert "celery.app.trace" in printed.getvalue()
    assert "test_privacy_logs.py" in printed.getvalue()
    assert WORD not in printed.getvalue()


async def test_of_a_request(printed: io.StringIO) -> None:
    async def app(_scope: object, _receive: object, _send: object) -> None:
        fail(WORD)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_config=None, lifespan="off")
        config.load()
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listening]))
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{listening.getsockname()[1]}/{WORD}")
        server.should_exit = True
        await serving
    assert answer.status_code == 500
    assert "unexpected ValueError" in printed.getvalue()
    assert "uvicorn.error" in printed.getvalue()
    assert WORD not in printed.getvalue() + answer.text


def test_other_lines_are_told_as_they_are(printed: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("the port is taken")
    (line,) = printed.getvalue().splitlines()
    for word in ("warning", "uvicorn.error", "the port is taken"):
        assert word in line


def test_of_what_nobody_can_catch() -> None:
    """A thread that ends by an error, and an error in a destructor."""
    program = f"""
import threading
from vlmkg.logs import configure_logging
configure_logging()
def fail():
    int("{WORD}")
class Failing:
    __del__ = lambda self: fail()
Failing()
thread = threading.Thread(target=fail)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.count("unexpected ValueError") == 2
    assert WORD not in done.stderr
    assert "Traceback" not in done.stderr
