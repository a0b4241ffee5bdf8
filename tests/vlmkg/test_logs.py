"""What a process prints: one form for our own lines and for those of libraries."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import logging, structlog
from vlmkg.cli import main
from vlmkg.logs import configure_logging
configure_logging()
structlog.get_logger().info("worker takes work", queue="merge", n=2)
logging.getLogger("celery.worker").warning("no %s", "connection")
logging.getLogger("celery.worker").info("not told")
try:
    int("Doe")
except ValueError:
    logging.getLogger("uvicorn.error").exception("bad %s", "Doe")
"""


def printed(form: str | None) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if name != "VLMKG_LOG_FORMAT"}
    variables = {"VLMKG_LOG_FORMAT": form} if form else {}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment | variables, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_has_one_object_a_line_from_everyone() -> None:
    own, library, exception = (json.loads(line) for line in printed("json"))
    assert (own["event"], own["level"], own["queue"], own["n"]) == ("worker takes work", "info", "merge", 2)
    assert (library["event"], library["level"], library["logger"]) == ("no connection", "warning", "celery.worker")
    assert (exception["event"], exception["logger"]) == ("unexpected ValueError", "uvicorn.error")
    assert all("timestamp" in line for line in (own, library, exception))
    assert "Doe" not in json.dumps(exception)


@pytest.mark.parametrize("form", [None, "logfmt"])
def test_logfmt_is_the_usual_form(form: str | None) -> None:
    lines = printed(form)
    assert len(lines) == 3
    assert all(line.startswith("timestamp=") for line in lines)
    assert 'event="worker takes work"' in lines[0]
    assert "Doe" not in "".join(lines)


def test_another_form_is_told() -> None:
    command = [sys.executable, "-P", "-m", "vlmkg", "worker", "--queue", "merge"]
    environment = {**os.environ, "VLMKG_LOG_FORMAT": "xml"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "VLMKG_LOG_FORMAT" in done.stderr
    assert "logfmt, json" in done.stderr


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_what_a_sender_calls_itself_can_not_write_into_the_log(form: str) -> None:
    """Escape sequences move the cursor of a terminal, a carriage return overwrites the line, U+202E turns it round."""
    said = "A\r\x1b[2Jlevel=error\n\x85\u2028\u202eB"
    program = (
        "import structlog; from vlmkg.logs import configure_logging; configure_logging();"
        f"structlog.get_logger().warning('refused', calling={said!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "VLMKG_LOG_FORMAT": form},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    (line,) = done.stderr.removesuffix("\n").split("\n")
    assert line.isprintable()
    assert "1b[2J" in line
