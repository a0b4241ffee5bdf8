"""Texts as lines of the project's JSONL (`training.data.jsonl`), with further fields that the trainer ignores."""

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from training.data.splits import split_of
from training.labels import mention_label
from training.synthetic.kinds.links import Links
from training.synthetic.kinds.sample import Sample
from vlmkg.schema import Kind

SEVERITIES = {
    "mild": frozenset(
        ["mild", "minimal", "slight", "subtle", "trace", "tiny", "small", "mildly", "slightly", "minimally"]
    ),
    "moderate": frozenset(("moderate", "moderately")),
    "severe": frozenset(["severe", "marked", "extensive", "massive", "huge", "large", "severely", "markedly"]),
}
_DATA_FOLDERS = ("templates", "words")


def row(made: Sample, key: str) -> dict[str, Any]:
    """The text and its truth as a line, marked as synthetic."""
    template, graph = made.drawing.template, made.graph
    return {
        "id": key,
        "patient": key,
        "synthetic": True,
        "family": template.family,
        "template": template.name,
        "language": template.language,
        "report": made.text,
        "mentions": [[one.start, one.end, mention_label(one)] for one in graph.mentions],
        "relations": [[one.head, one.type.value, one.tail] for one in graph.relations],
        "aside": [list(stretch) for stretch in made.aside],
        "split": split_of(key),
        "facts": facts(made),
    }


def facts(made: Sample) -> list[dict[str, Any]]:
    """The findings: label, other right labels, sides, severity, and grade of the word."""
    links, graph = Links.of_graph(made.graph), made.graph
    words = {(word.start, word.end): word for word in made.words}
    return [
        {
            "mention": number,
            "allowed": words[mention.start, mention.end].allowed,
            "sides": sorted(links.side(number)),
            "severity": _severity(links.describing(number)),
            "word": words[mention.start, mention.end].grade,
        }
        for number, mention in enumerate(graph.mentions)
        if mention.kind is Kind.OBSERVATION and not links.modifies(number)
    ]


def write_rows(made: Iterable[tuple[str, Sample]], path: Path) -> Counter[str]:
    """Write (id, text) pairs as lines; return the number per family."""
    counts: Counter[str] = Counter()
    with path.open("w", encoding="utf-8") as lines:
        for key, one in made:
            lines.write(json.dumps(row(one, key), ensure_ascii=False) + "\n")
            counts[one.drawing.template.family] += 1
    return counts


def data_digest() -> str:
    """SHA-256 (hex) over the templates and the words: a seed gives the same texts only for the same data."""
    folder = files("training.synthetic.kinds")
    paths = sorted(
        (path for name in _DATA_FOLDERS for path in folder.joinpath(name).iterdir() if path.name.endswith(".txt")),
        key=lambda path: path.name,
    )
    return sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def _severity(describing: Iterable[str]) -> str | None:
    said = {word.lower() for word in describing}
    return next((name for name, words in SEVERITIES.items() if said & words), None)
