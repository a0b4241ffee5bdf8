"""Where things are kept: the environment first, else the data folder."""

from pathlib import Path

import pytest

from ingest.receiving.submit import receive
from ingest.settings import existing_ledger_of, existing_receiver_of, ledger_of, receiver_of
from tests.ingest.receivers import plain
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


def test_the_data_folder(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "var")
    receiver = receiver_of(data)
    receive(receiver, plain("clear"))
    receiver.ledger.close()
    assert {path.name for path in data.root.iterdir()} >= {"ledger.sqlite", "blobs", "secrets"}
    existing_ledger_of(data).close()
    existing_receiver_of(data).ledger.close()


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLMKG_LEDGER_URL", f"sqlite:///{tmp_path / 'elsewhere' / 'l.sqlite'}")
    monkeypatch.setenv("VLMKG_BLOB_URL", f"file://{tmp_path / 'blobs'}")
    monkeypatch.setenv("VLMKG_PSEUDONYM_KEY", "k" * 32)
    receiver = receiver_of(DataDir(tmp_path / "var"))
    receive(receiver, plain("clear"))
    receiver.ledger.close()
    assert not (tmp_path / "var").exists()
    assert (tmp_path / "elsewhere" / "l.sqlite").exists()
    existing_ledger_of(DataDir(tmp_path / "var")).close()


def test_looking_makes_nothing(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "var")
    for look in (existing_ledger_of, existing_receiver_of):
        with pytest.raises(UsageError) as caught:
            look(data)
        assert f"vlmkg up --data {data.root}" in caught.value.remedy
    assert not data.root.exists()
    ledger_of(data).close()
    existing_ledger_of(data).close()
