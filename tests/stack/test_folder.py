"""The data folder: private, one stack at a time, and never fooled by what a killed stack left."""

import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stack.errors import AlreadyRunningError, UnfitFolderError
from stack.folder import claim_for_demo, owned, secret
from vlmkg.data_dir import DataDir, Endpoints


@pytest.fixture(autouse=True)
def own_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def silent(_line: str) -> None:
    pass


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_readable_by_the_owner_alone(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "var")
    with owned(data, silent):
        assert secret(data, "x.password") == secret(data, "x.password")
        assert len(secret(data, "x.password")) >= 32
        assert mode(data.root) == mode(data.secrets) == mode(data.run) == mode(data.logs) == 0o700
        assert mode(data.secrets / "x.password") == 0o600


def test_a_second_stack_is_refused_and_named(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "var")
    pattern = f"process {os.getpid()}"
    with owned(data, silent), pytest.raises(AlreadyRunningError, match=pattern) as caught, owned(data, silent):
        pass
    assert caught.value.exit_code == 2
    assert "--data" in caught.value.remedy


def test_other_commands_that_look_at_the_lock_do_not_stop_a_stack_from_starting(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "var")
    with owned(data, silent):
        pass
    looker = "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_SH)"
    looker += "; print('looking', flush=True); time.sleep(0.3)"
    with subprocess.Popen([sys.executable, "-c", looker, str(data.lock)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"looking\n"
        with owned(data, silent):
            pass


def test_a_new_stack_waits_for_the_children_of_a_killed_one(tmp_path: Path) -> None:
    data, said = DataDir(tmp_path / "var"), []
    with owned(data, silent):
        pass
    with (data.run / "children.lock").open() as guardian:
        fcntl.flock(guardian, fcntl.LOCK_EX)
        leftover = subprocess.Popen(["sleep", "0.5"], pass_fds=(guardian.fileno(),))
    with owned(data, said.append):
        assert leftover.poll() is not None or leftover.wait(1) == 0
    assert said == ["waiting for the processes of a killed stack in this folder to end"]


def test_addresses_of_a_running_stack_are_found_and_of_a_killed_one_not(tmp_path: Path) -> None:
    data, addresses = DataDir(tmp_path / "var"), Endpoints(bolt="bolt://127.0.0.1:1")
    with owned(data, silent):
        assert data.endpoints() is None
        data.write_endpoints(addresses)
        assert mode(data.endpoints_file) == 0o600
        assert data.endpoints() == addresses
    assert data.endpoints_file.exists()
    assert data.endpoints() is None
    with owned(data, silent):
        assert not data.endpoints_file.exists()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    before = mode(tmp_path)
    with pytest.raises(UnfitFolderError, match="not empty"), owned(DataDir(tmp_path), silent):
        pass
    assert mode(tmp_path) == before


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnfitFolderError), owned(DataDir(tmp_path / "file"), silent):
        pass


def test_the_demo_takes_a_new_folder_and_its_own_but_no_other(tmp_path: Path) -> None:
    own, other = DataDir(tmp_path / "own"), DataDir(tmp_path / "other")
    claim_for_demo(own)
    with owned(own, silent):
        (own.root / "ledger.sqlite").touch()
    claim_for_demo(own)
    with owned(other, silent):
        (other.root / "ledger.sqlite").touch()
    with pytest.raises(UnfitFolderError, match="not from the demo"):
        claim_for_demo(other)


def test_the_demo_does_not_write_into_a_ledger_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLMKG_LEDGER_URL", "postgresql://somewhere/else")
    with pytest.raises(UnfitFolderError):
        claim_for_demo(DataDir(tmp_path / "var"))
