"""RadGraph and RadGraph-XL JSON as rows: `{report id: {"text", "entities", "data_split"}}`.

In published graphs `modify` between two anatomy mentions often goes from the noun to the adjective; ours goes from the
describing to the described mention. `labels` of a row says which it is; the two must never be mixed.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.data.rows import Row
from training.documents import XL_LABELS, Raw, load, read_document, to_graph
from vlmkg.schema import ReportGraph

PUBLISHED_V1, PUBLISHED_XL = "radgraph v1, modify as published", "radgraph xl, modify as published"
SPLITS = {"train": "train", "dev": "validation", "validation": "validation", "test": "test"}


def read_graphs(path: Path) -> dict[str, Raw]:
    """The entries of a RadGraph JSON file. Raises UsageError for another format."""
    return load(path)


def read_radgraph(path: Path) -> Iterator[Row]:
    """One row per entry. The patient is the part `pNNNNNNNN` of a MIMIC path, else the entry's id."""
    for name, entry in read_graphs(path).items():
        text, graph, labels = graph_of(entry)
        yield Row(name, _patient(name), text, graph, labels=labels, split=SPLITS.get(entry.get("data_split", ""), ""))


def graph_of(entry: Raw) -> tuple[str, ReportGraph, str]:
    """The entry's tokens joined by single spaces, the valid part of its graph, and the kind of its labels."""
    tokens = tuple(entry["text"].split())
    first = _one_annotator(entry)
    invalid: Counter[str] = Counter()
    document = read_document({"entities": first}, tokens, invalid)
    published = any(str(one["label"]).lower() in XL_LABELS for one in first.values())
    return " ".join(tokens), to_graph(document), PUBLISHED_XL if published else PUBLISHED_V1


def _one_annotator(entry: Raw) -> dict[str, Any]:
    """The entities; in RadGraph's test set, which has two annotators, those of the first."""
    entities: dict[str, Any] | None = entry.get("entities")
    if entities is None:
        entities = entry["labeler_1"]["entities"]
    return entities


def _patient(name: str) -> str:
    parts = [part for part in name.split("/") if part.startswith("p") and len(part) == 9]
    return parts[0] if parts else name
