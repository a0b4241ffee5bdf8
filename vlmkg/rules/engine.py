"""The rules engine behind the engine protocol."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

from vlmkg.rules.report import read_report
from vlmkg.schema import ReportGraph

_SOURCES = ("vlmkg.rules", "vlmkg.lexicon")
_MODULES = ("tokens.py", "sections.py", "sentences.py")


class RulesEngine:
    """Reads reports by rules. It has no settings and no state: the same text gives the same graph."""

    name = "rules"
    checkpoint: str | None = None

    def __init__(self) -> None:
        self.digest = source_digest()

    def extract(self, texts: Sequence[str]) -> list[ReportGraph]:
        """One graph for each text, in the same order; offsets count code points of the text as given."""
        return [read_report(text) for text in texts]


def source_digest() -> str:
    """SHA-256 (hex) over the rules' and lexicon's own files: any change of either changes what is read."""
    total = hashlib.sha256()
    sources = [(package, source) for package in _SOURCES for source in _sources(files(package))]
    sources += [("vlmkg", files("vlmkg") / name) for name in _MODULES]
    for package, source in sources:
        raw = source.read_bytes()
        total.update(f"{package}/{source.name}:{len(raw)}:".encode() + raw)
    return total.hexdigest()


def _sources(folder: Traversable) -> list[Traversable]:
    kept = [entry for entry in folder.iterdir() if entry.name.endswith((".py", ".txt", ".tsv"))]
    return sorted(kept, key=lambda entry: entry.name)
