"""The folder of a copy's files: written beside its target, then moved there, replacing the project's previous copy."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graph.bulk.tables import loader_arguments
from graph.errors import ResearchTargetError
from graph.research.dictionary import TABLES, page
from graph.research.files import CopyFiles, sha256_of
from ingest.research.project import Project
from vlmkg.vocabulary.loader import DATA

MANIFEST = "manifest.json"
DICTIONARY = "DICTIONARY.md"
NOTICE = "NOTICE.radlex.txt"
LOAD = "load.sh"


@contextmanager
def copy_folder(place: Path, project: Project) -> Iterator[CopyFiles]:
    """Files to write to. `seal` moves them to their target; without it they are removed.

    Raises ResearchTargetError if the target has other content than this project's copy.
    """
    require_fit(place, project)
    place.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    files = CopyFiles(folder)
    try:
        yield files
    finally:
        files.close()
        shutil.rmtree(folder, ignore_errors=True)


def require_fit(place: Path, project: Project) -> None:
    """Raise ResearchTargetError unless the target is empty or a copy of this project with this key."""
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    try:
        there = json.loads((place / MANIFEST).read_text())
        whose = there["project"], there["keyFingerprint"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResearchTargetError("it is not empty and not a research copy") from error
    if whose != (project.name, project.fingerprint):
        raise ResearchTargetError(f"it holds the copy of the project {whose[0]}, or was made with another key")


def seal(files: CopyFiles, place: Path, facts: Mapping[str, Any], marker: Mapping[str, Any]) -> None:
    """Write the remaining files and move the folder to its target, replacing the previous copy."""
    files.finish_copy(dict(marker))
    files.close()
    folder = files.folder
    (folder / DICTIONARY).write_text("\n".join(["# Data dictionary", "", *page()]))
    (folder / LOAD).write_text(_load_script())
    shutil.copyfile(DATA / NOTICE, folder / NOTICE)
    names = sorted(path.name for path in folder.iterdir())
    listed = [
        {"name": name, "sha256": sha256_of(folder / name), **({"rows": files.rows[name]} if name in files.rows else {})}
        for name in names
    ]
    (folder / MANIFEST).write_text(json.dumps({**facts, "files": listed}, indent=2) + "\n")
    folder.chmod(0o755)
    if place.exists():
        before = folder.with_name(folder.name + "-before")
        place.rename(before)
        folder.rename(place)
        shutil.rmtree(before)
    else:
        folder.rename(place)


def _load_script() -> str:
    """A shell script that loads the files into a stopped Neo4j's empty database."""
    command = " \\\n".join(
        ["exec neo4j-admin database import full neo4j", *(f"  {each}" for each in loader_arguments(TABLES))]
    )
    about = "# Load this copy into the database neo4j of a stopped Neo4j 5.26 with an empty store."
    return f'#!/bin/sh\n{about}\ncd "$(dirname "$0")" || exit 1\n{command}\n'
