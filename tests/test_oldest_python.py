"""What is newer than the oldest promised Python is found before somebody with that Python finds it."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[1] / "tools" / "check_oldest_python.py"


def check(*places: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, CHECK, *places], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "line",
    [
        "archive.extractall(place, filter='data')",
        "tarfile.open(name).extract(member, filter=choose)",
        "shutil.unpack_archive(name, filter='data')",
        "unpack_archive(name, filter='tar')",
        "tarfile.data_filter",
        "from tarfile import FilterError",
    ],
)
def test_a_newer_call_is_found_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "module.py"
    file.write_text(f"import tarfile\n\n{line}\n")
    found = check(file)
    assert found.returncode == 1
    assert found.stdout.startswith(f"{file}:3: ")


def test_the_project_has_none() -> None:
    found = check()
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
