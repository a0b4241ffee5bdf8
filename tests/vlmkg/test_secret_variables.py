"""Secrets that come as files: whole values and parts of addresses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vlmkg.errors import UsageError
from vlmkg.secret_variables import SECRETS, read_secret_files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "secret"
    made.write_text("p@ss:w/rd%\n")
    return made


@pytest.mark.parametrize("name", SECRETS)
def test_a_whole_value(name: str, file: Path) -> None:
    environment = {f"{name}_FILE": str(file), "OTHER": "x"}
    read_secret_files(environment)
    assert environment == {name: "p@ss:w/rd%", "OTHER": "x"}


def test_a_part_of_an_address_is_quoted(file: Path) -> None:
    environment = {"CELERY_BROKER_URL": f"redis://:<file:{file}>@redis:6379/0", "PATH": "<file:/etc/shadow>"}
    read_secret_files(environment)
    assert environment == {
        "CELERY_BROKER_URL": "redis://:p%40ss%3Aw%2Frd%25@redis:6379/0",
        "PATH": "<file:/etc/shadow>",
    }


@pytest.mark.parametrize("form", ["NEO4J_PASSWORD_FILE", "VLMKG_LEDGER_URL"])
@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_file_that_gives_nothing_is_told(tmp_path: Path, form: str, content: bytes | None) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    value = str(file) if form.endswith("_FILE") else f"postgresql://a:<file:{file}>@b/c"
    with pytest.raises(UsageError, match=form) as raised:
        read_secret_files({form: value})
    assert str(file) in raised.value.remedy


def test_both_forms_at_once_are_refused(file: Path) -> None:
    with pytest.raises(UsageError, match="both set"):
        read_secret_files({"NEO4J_PASSWORD": "x", "NEO4J_PASSWORD_FILE": str(file)})
    environment = {"NEO4J_PASSWORD": "", "NEO4J_PASSWORD_FILE": str(file)}
    read_secret_files(environment)
    assert environment["NEO4J_PASSWORD"] == "p@ss:w/rd%"


def test_a_command_reads_them(tmp_path: Path, file: Path) -> None:
    """The ledger's file has a name that only the file tells."""
    file.write_text(f"sqlite:///{tmp_path / 'told.sqlite'}")
    environment = {**os.environ, "VLMKG_LEDGER_URL_FILE": str(file)}
    command = [sys.executable, "-P", "-m", "vlmkg", "events", "list", "--data", str(tmp_path / "var")]
    subprocess.run(command, env=environment, capture_output=True, check=True)
    assert (tmp_path / "told.sqlite").exists()
