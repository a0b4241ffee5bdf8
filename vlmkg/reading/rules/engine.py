"""The rules engine behind the engine protocol."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

from vlmkg.engine_protocol import FilmDomain, ReportOutput, StudyInput, StudyOutput
from vlmkg.reading.rules.report import read_report, read_with_aside
from vlmkg.reading.sections import SOURCES
from vlmkg.schema import ReportGraph

_FOLDERS = ("lexicon", "rules")
_MODULES = (*SOURCES, "sentences.py")


class RulesEngine:
    """Reads reports by rules. It has no settings and no state: the same text gives the same graph."""

    name = "rules"
    checkpoint: str | None = None
    checkpoint_digest: str | None = None
    film_domain: FilmDomain | None = None

    def __init__(self) -> None:
        self.digest = source_digest()

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        """One output for each study, in the same order, of its reports alone."""
        return [StudyOutput(tuple(_output(text) for text in study.texts)) for study in studies]

    def extract(self, texts: Sequence[str]) -> list[ReportGraph]:
        """One graph for each text, in the same order; offsets count code points of the text as given."""
        return [read_report(text) for text in texts]


def _output(text: str) -> ReportOutput:
    graph, aside = read_with_aside(text)
    return ReportOutput(graph, aside=aside)


def source_digest() -> str:
    """SHA-256 (hex) over the rules' and lexicon's files and the language detector's version: all that decides."""
    total = hashlib.sha256(f"py3langid {version('py3langid')}:".encode())
    for place, source in all_sources():
        raw = source.read_bytes()
        total.update(f"{place}:{len(raw)}:".encode() + raw)
    return total.hexdigest()


def all_sources() -> list[tuple[str, Traversable]]:
    """Every file that changes what is read, with its place in the package, in a fixed order."""
    modules = [(name, files("vlmkg") / name) for name in _MODULES]
    return modules + [found for folder in _FOLDERS for found in _sources(folder, files("vlmkg") / folder)]


def _sources(place: str, folder: Traversable) -> list[tuple[str, Traversable]]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        inner = f"{place}/{entry.name}"
        if entry.is_dir():
            found += _sources(inner, entry)
        elif entry.name.endswith((".py", ".txt", ".tsv")):
            found.append((inner, entry))
    return found
