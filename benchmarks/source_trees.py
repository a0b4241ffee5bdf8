"""Other revisions of this repository, and programs that run with one of them on the path."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
"""Reports for comparisons; not part of the project."""

_PROGRAMS = Path(__file__).parent / "peers"


@contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """A checkout of a git revision of this repository, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


@contextmanager
def other_tree(named: str) -> Iterator[Path]:
    """The folder of that name, else a checkout of the git revision."""
    folder = Path(named)
    with nullcontext(folder.resolve()) if folder.is_dir() else tree_of(named) as tree:
        yield tree


def run_with(tree: Path, program: str, request: object) -> Any:
    """The JSON answer of `benchmarks/peers/PROGRAM` to a JSON request, with the packages of `tree`.

    Raises CalledProcessError if it fails; its errors go to standard error.
    """
    done = subprocess.run(
        [sys.executable, str(_PROGRAMS / program)],
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
    )
    return json.loads(done.stdout)
