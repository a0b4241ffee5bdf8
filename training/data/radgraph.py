"""RadGraph and RadGraph-XL as rows: JSON `{report id: {"text", "entities", "data_split"}}`, or DyGIE++'s JSONL.

In published graphs `modify` between two anatomy mentions often goes from the noun to the adjective; ours goes from the
describing to the described mention. `labels` of a row says which it is; the two must never be mixed.

Published texts have lost their line breaks. Before each heading the blank becomes a line break again, so that headings
are found as in a report; offsets stay the same.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.data.rows import Row
from training.data.tally import Tally
from training.documents import XL_LABELS, Raw, load, read_document, to_graph
from vlmkg.errors import UsageError
from vlmkg.numbered_tokens import number, readable_part
from vlmkg.schema import ReportGraph

PUBLISHED_V1, PUBLISHED_XL = "radgraph v1, modify as published", "radgraph xl, modify as published"
AS_PUBLISHED = "modify as published"
"""In `labels` of rows with the published direction of modify."""
SPLITS = {"train": "train", "dev": "validation", "validation": "validation", "test": "test", "": ""}
_KNOWN = "FINDINGS|IMPRESSION|INDICATION|COMPARISON|TECHNIQUE|EXAMINATION|CONCLUSION"
_CAPITALS = rf"[A-Z]{{3}}[A-Z/]*(?: (?!(?:{_KNOWN})\b)[A-Z][A-Z/]*){{0,4}}"
_HEADING = re.compile(rf"(?<=[^A-Z/]) (?={_CAPITALS} :)|(?<!AND) (?=(?:{_KNOWN})(?: AND [A-Z]+)? :)")
"""The blank before words in capitals and a colon; of several such words the first, or a known heading."""


def read_graphs(path: Path) -> dict[str, Raw]:
    """The entries of a RadGraph JSON file, or of DyGIE++'s JSONL. Raises UsageError for another format."""
    first = path.read_bytes()[:4096].lstrip()[:1]
    lines = path.read_text(encoding="utf-8").splitlines() if first == b"{" else []
    if lines and _is_dygie(lines[0]):
        return dict(_dygie_entry(path, at, line) for at, line in enumerate(lines, start=1) if line.strip())
    return load(path)


def read_radgraph(path: Path, tally: Tally) -> Iterator[Row]:
    """One row per entry. The patient is the part `pNNNNNNNN` of a MIMIC path, else the entry's id."""
    for name, entry in read_graphs(path).items():
        if not str(entry.get("text", "")).strip():
            tally.left_out["empty reports"] += 1
            continue
        text, graph, labels = graph_of(entry, tally)
        split = str(entry.get("data_split") or "")
        if split not in SPLITS:
            raise UsageError(f"{path.name} has the split {split!r}", f"known are {', '.join(filter(None, SPLITS))}")
        yield Row(name, _patient(name), text, graph, labels=labels, split=SPLITS[split])


def graph_of(entry: Raw, tally: Tally) -> tuple[str, ReportGraph, str]:
    """The entry's tokens joined by single spaces, the valid part of its graph, and the kind of its labels.

    Parts of the graph that are invalid, or that no window can hold, are counted by reason.
    """
    tokens = tuple(entry["text"].split())
    first = _one_annotator(entry)
    invalid: Counter[str] = Counter()
    document = read_document({"entities": first}, tokens, invalid)
    tally.lost.update(invalid)
    published = any(str(one["label"]).lower() in XL_LABELS for one in first.values())
    text, graph = with_lines(" ".join(tokens)), to_graph(document)
    _, lost = readable_part(number(text, [(one.start, one.end) for one in graph.mentions]), graph)
    if lost:
        tally.lost["mentions and relations outside whole words of a sentence"] += lost
    return text, graph, PUBLISHED_XL if published else PUBLISHED_V1


def with_lines(text: str) -> str:
    """The text with a line break in place of the blank before each heading: words in capitals and a colon."""
    return _HEADING.sub("\n", text)


def _one_annotator(entry: Raw) -> dict[str, Any]:
    """The entities; in RadGraph's test set, which has two annotators, those of the first."""
    entities: dict[str, Any] | None = entry.get("entities")
    if entities is None:
        entities = entry["labeler_1"]["entities"]
    return entities


def _patient(name: str) -> str:
    parts = [part for part in name.split("/") if part.startswith("p") and len(part) == 9]
    return parts[0] if parts else name


def _is_dygie(line: str) -> bool:
    try:
        content = json.loads(line)
    except ValueError:
        return False
    return isinstance(content, dict) and {"doc_key", "sentences"} <= content.keys()


def _dygie_entry(path: Path, number_: int, line: str) -> tuple[str, Raw]:
    """Id and entry of a line `{"doc_key", "sentences", "ner", "relations"}`; token indices count over the document."""
    try:
        content = json.loads(line)
        spans = [one for sentence in content.get("ner") or content.get("predicted_ner", []) for one in sentence]
        edges = [
            one for sentence in content.get("relations") or content.get("predicted_relations", []) for one in sentence
        ]
        entities = {
            f"{start}-{end}": {"start_ix": start, "end_ix": end, "label": label, "relations": []}
            for start, end, label, *_ in spans
        }
        for start, end, to_start, to_end, kind, *_ in edges:
            entities[f"{start}-{end}"]["relations"].append([kind, f"{to_start}-{to_end}"])
        text = " ".join(token for sentence in content["sentences"] for token in sentence)
        return str(content["doc_key"]), {"text": text, "entities": entities, "data_split": content.get("data_split")}
    except (KeyError, ValueError, TypeError) as error:
        raise UsageError(
            f"{path.name}, line {number_}, is not DyGIE++'s JSONL: {type(error).__name__}",
            "each line needs doc_key, sentences, ner and relations",
        ) from error
