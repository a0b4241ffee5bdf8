"""The files of a research copy."""

import hashlib
from pathlib import Path

from graph.bulk.files import GraphFiles
from graph.research.dictionary import TABLES
from graph.rows import Row


class CopyFiles(GraphFiles):
    """The files of a copy in an existing empty folder. `finish_copy` writes what the studies share, and the marker.

    They have no column for what a copy must not have: accession numbers, texts and digests.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, TABLES)

    def finish_copy(self, marker: Row) -> None:
        """Write patients, concepts and the marker of the copy."""
        self.finish()
        self.append(iter([("research_copy.csv", marker)]))


def sha256_of(path: Path) -> str:
    """The digest (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
