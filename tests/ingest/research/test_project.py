import stat
from pathlib import Path

import pytest

from ingest.research.project import open_project
from vlmkg.errors import UsageError


def test_a_project_has_one_key_of_its_own_for_the_owner_alone(tmp_path: Path) -> None:
    one, again, other = (open_project(name, tmp_path) for name in ("lung", "lung", "heart"))
    assert one == again
    assert one.key != other.key
    assert len(one.key) == 64
    file = tmp_path / "research" / "lung.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert file.read_text() not in repr(one)


def test_names_are_of_the_project_and_of_the_kind(tmp_path: Path) -> None:
    one, other = open_project("lung", tmp_path), open_project("heart", tmp_path)
    names = {project.name_of(kind, "x") for project in (one, other) for kind in ("patient", "study")}
    assert len(names) == 4
    assert one.fingerprint not in {*names, other.fingerprint}


def test_uids_are_valid_and_as_many(tmp_path: Path) -> None:
    project = open_project("lung", tmp_path)
    uids = {project.uid_of(f"1.2.{number}") for number in range(100)}
    assert len(uids) == 100
    assert all(len(uid) <= 64 and uid.startswith("2.25.") and uid.replace(".", "").isdigit() for uid in uids)
    assert not [uid for uid in uids if uid.split(".")[2].startswith("0")]


@pytest.mark.parametrize("name", ["", "Lung", "a b", "../x", "a/b", "-a", "x" * 41])
def test_unfit_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        open_project(name, tmp_path)
    assert not (tmp_path / "research").exists()
