"""The wheel: it installs into an empty environment, and the first examples of docs/python.md run there."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.vlmkg.python_page import examples

ROOT = Path(__file__).parents[2]
SITE = "import sysconfig; print(sysconfig.get_path('purelib'))"
CHECK = """
import sys
from pathlib import Path
from vlmkg.checkpoint.manifest import verify
from vlmkg.checkpoint.promotion import is_promoted
from vlmkg.default_engine import SHIPPED, shipped
import vlmkg
assert Path(vlmkg.__file__).is_relative_to(sys.prefix), vlmkg.__file__
assert SHIPPED.is_relative_to(sys.prefix), SHIPPED
assert shipped() and is_promoted(verify(SHIPPED))
"""


def uv() -> str:
    """The uv of the setup. Skips, visibly, where there is none."""
    own = ROOT / ".cache" / "uv" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        pytest.skip("uv, which builds the wheel, is not installed")
    return found


def run(*command: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done


def needed(name: str) -> set[str]:
    """The packages that one asks for without any extra, and those that they ask for, less itself."""
    found: set[str] = set()
    todo = [name]
    while todo:
        for text in metadata.requires(todo.pop()) or []:
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
                found.add(name)
                todo.append(name)
    return found


def copy_packages(names: Iterable[str], place: Path) -> None:
    """Copy installed packages from this environment: no network is asked, and nothing else comes along."""
    for name in names:
        for file in metadata.files(name) or []:
            source = Path(str(file.locate()))
            if ".." not in file.parts and source.suffix != ".pyc":
                (place / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, place / file)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    # The build tools are those of the lock file; uv has them in its cache since the setup.
    constraints = ("--build-constraints", ROOT / "requirements" / "build.txt")
    run(uv(), "build", "-q", "--wheel", "--offline", *constraints, "--out-dir", out, ROOT)
    (made,) = out.glob("*.whl")
    return made


def test_the_wheel_holds_every_data_file_and_the_whole_checkpoint(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    package = ROOT / "vlmkg"
    data = {path.relative_to(ROOT).as_posix() for path in package.rglob("*") if path.suffix in {".txt", ".tsv", ".csv"}}
    checkpoint = ROOT / "checkpoints" / "small"
    files = {path.relative_to(checkpoint) for path in checkpoint.rglob("*") if path.is_file()}
    assert data <= held
    assert {f"vlmkg/shipped_checkpoint/{path.as_posix()}" for path in files} <= held
    assert "vlmkg/py.typed" in held
    assert not [name for name in held if "__pycache__" in name or name.startswith("tests/")]


def test_the_page_s_first_examples_run_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    run(uv(), "venv", "-q", "--python", sys.executable, tmp_path / "empty")
    python = tmp_path / "empty" / "bin" / "python"
    run(uv(), "pip", "install", "-q", "--offline", "--no-deps", "--python", python, wheel)
    copy_packages(needed("vlmkg-service"), Path(run(python, "-c", SITE).stdout.strip()))

    installed = {
        line.split("==")[0].split(" ")[0] for line in run(uv(), "pip", "freeze", "--python", python).stdout.splitlines()
    }
    assert installed == {"vlmkg-service", *needed("vlmkg-service")}
    assert not {"torch", "pandas", "sqlalchemy"} & installed
    run(python, "-I", "-c", CHECK)
    page = examples("One report") + "\n" + examples("What a reading holds")
    assert page.count(">>>") >= 5
    script = tmp_path / "page.txt"
    script.write_text(page)
    run(python, "-I", "-m", "doctest", script)
    script.write_text(page.replace("uncertain", "present"))
    with pytest.raises(AssertionError):
        run(python, "-I", "-m", "doctest", script)
