"""The committed build is what web/ builds. Needs `npm ci` in web/ (CI does it; `make page`)."""

import shutil
import subprocess
from pathlib import Path

import pytest

from api.page import BUILT

WEB = Path(__file__).parents[2] / "web"


def _files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.skipif(not (WEB / "node_modules" / "vite").is_dir(), reason="web/node_modules is absent: npm ci in web/")
@pytest.mark.skipif(shutil.which("npx") is None, reason="there is no npm on the PATH")
def test_a_fresh_build_equals_the_committed_one(tmp_path: Path) -> None:
    argv = ["npx", "vite", "build", "--outDir", str(tmp_path / "page"), "--emptyOutDir"]
    subprocess.run(argv, cwd=WEB, check=True, capture_output=True, timeout=280)
    assert _files(tmp_path / "page") == _files(BUILT), "run `make page` and commit api/static/page"
