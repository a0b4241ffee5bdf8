"""The tutorial as a newcomer would follow it: its files, its commands, its answers, on a real stack."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.stack.processes import until
from tests.stack.running import Up

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    started = Up(tmp_path / "var")
    yield started
    started.end()


def test_every_step_does_what_the_page_says(up: Up, tmp_path: Path) -> None:
    assert up.ready(), "\n".join(up.said)
    printed, checked = "", 0
    for language, argument, content in BLOCKS:
        if language == "bash":
            printed = run(content, tmp_path)
            if argument:
                wait_until_merged(tmp_path, int(argument.removeprefix("merged=")))
                printed += run("vlmkg events list --data var\n", tmp_path)
        elif language == "output":
            for line in content.splitlines():
                assert " ".join(line.split()) in " ".join(printed.split())
                checked += 1
        else:
            (tmp_path / argument).write_text(content, encoding="utf-8")
    assert checked == 7


def run(commands: str, folder: Path) -> str:
    """What the commands print, run by a shell whose `vlmkg` and `python3` are this environment's."""
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": tools, "HOME": str(folder), "LANG": "C.UTF-8", "COLUMNS": "200"}
    done = subprocess.run(
        ["bash", "-euc", commands],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_until_merged(folder: Path, number: int) -> None:
    def merged() -> bool:
        counts: dict[str, int] = json.loads(run("vlmkg events list --summary --json --data var", folder))
        return counts["merged"] >= number

    assert until(merged, 90.0)
