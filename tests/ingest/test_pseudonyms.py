"""Pseudonyms, and the key that makes them."""

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest import pseudonyms
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.pseudonyms import load_key
from tests.ingest.ledger.builders import message, receive, report, study
from vlmkg.errors import UsageError

KEY = "k" * 32


def test_a_pseudonym_depends_on_key_authority_and_identifier() -> None:
    made = {
        pseudonyms.patient_id(key, authority, identifier)
        for key in (b"a" * 32, b"b" * 32)
        for authority in ("HOSP", "OTHER")
        for identifier in ("1", "01", "A", "a")
    }
    assert len(made) == 16
    assert all(len(name) == 64 for name in made)


def test_kinds_and_borders_of_fields_are_told_apart() -> None:
    key = b"a" * 32
    assert pseudonyms.patient_id(key, "AB", "C") != pseudonyms.patient_id(key, "A", "BC")
    assert len({kind(key, "A", "1") for kind in KINDS}) == 3


KINDS = (pseudonyms.patient_id, pseudonyms.accession_id, pseudonyms.report_id)


@pytest.mark.parametrize("kind", KINDS)
def test_blanks_and_composed_letters_make_no_difference(kind: Callable[[bytes, str, str], str]) -> None:
    key = b"a" * 32
    assert kind(key, " HOSP", "Mu\u0308ller  1 ") == kind(key, "HOSP", "M\u00fcller 1")


def test_the_key_is_made_once_and_is_private(ledger: Ledger, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(lambda _: load_key(ledger, None, tmp_path / "secrets"), range(8)))
    (key,) = keys
    assert len(key) == 64
    file = tmp_path / "secrets" / "pseudonym.key"
    assert file.read_bytes() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["pseudonym.key"]


def test_the_configured_key_comes_first(ledger: Ledger, tmp_path: Path) -> None:
    assert load_key(ledger, KEY, tmp_path / "secrets") == KEY.encode()
    assert not (tmp_path / "secrets").exists()


def test_the_file_may_be_moved_into_the_setting(ledger: Ledger, tmp_path: Path) -> None:
    made = load_key(ledger, None, tmp_path)
    assert load_key(ledger, (tmp_path / "pseudonym.key").read_text() + "\n", tmp_path / "elsewhere") == made


def test_a_short_key_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fewer than 32"):
        load_key(ledger, "k" * 31, tmp_path)


def test_a_missing_key_is_an_error_once_there_are_patients(ledger: Ledger, tmp_path: Path) -> None:
    load_key(ledger, None, tmp_path)
    receive(ledger, message(study(report("r", "clear"))))
    (tmp_path / "pseudonym.key").unlink()
    with pytest.raises(UsageError, match="is missing") as caught:
        load_key(ledger, None, tmp_path)
    assert "restore" in caught.value.remedy
    assert list(tmp_path.glob("*pseudonym*")) == []


def test_another_key_is_an_error(ledger: Ledger, tmp_path: Path) -> None:
    load_key(ledger, KEY, tmp_path)
    with pytest.raises(UsageError, match="another pseudonym key"):
        load_key(ledger, "l" * 32, tmp_path)


def test_the_key_itself_is_not_in_the_ledger(sqlite_url: str, tmp_path: Path) -> None:
    ledger = open_ledger(sqlite_url)
    key = load_key(ledger, None, tmp_path / "secrets")
    ledger.close()
    assert key not in (tmp_path / "ledger.sqlite").read_bytes()
