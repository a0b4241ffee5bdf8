"""Our own JSONL: one study per line, as `vlmkg train data` writes it.

    {"id", "patient", "report", "images": [path], "mentions": [[start, end, label]], "relations": [[head, type, tail]],
     "film": [[name, label]], "labels", "split", "views": [view of each image]}

Labels are A anatomy, P present, U uncertain, N absent; offsets are half-open code points of `report`; head and tail are
indices of `mentions`. `triplets`, words only ([head, relation, tail]), are read if there are no mentions: each word
must occur exactly once in the report. A line whose `labels` is empty has no labels yet: an import adds them.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from training.data.rows import Row
from training.data.tally import Tally
from training.labels import mention_label
from vlmkg.errors import UsageError
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph

_PRESENCES = {"A": Presence.PRESENT, "P": Presence.PRESENT, "U": Presence.UNCERTAIN, "N": Presence.ABSENT}


def read_files(paths: Sequence[Path], *, unlabelled: bool = False) -> tuple[list[Row], dict[str, str]]:
    """The rows of files, and the SHA-256 of each by name.

    Raises UsageError for an invalid line, and unless `unlabelled` for one without labels.
    """
    rows: list[Row] = []
    prints: dict[str, str] = {}
    for path in paths:
        content = path.read_bytes()
        prints[path.name] = sha256(content).hexdigest()
        for number, line in enumerate(content.decode("utf-8").splitlines(), start=1):
            row = _row_of(path, number, line)
            if not (row.labels or unlabelled):
                raise UsageError(
                    f"{path.name}, line {number}, has no labels",
                    "import it first: vlmkg train data import --format jsonl",
                )
            rows.append(row)
    return rows, prints


def read_jsonl(path: Path, tally: Tally) -> Iterator[Row]:
    """The rows of a file of ours, as `vlmkg events export-reports` writes it. Raises UsageError for an invalid line."""
    if not path.is_file():
        raise UsageError(f"{path} is not a file", "give a file of our JSONL")
    rows, _ = read_files([path], unlabelled=True)
    for row in rows:
        if row.report.strip():
            yield row
        else:
            tally.left_out["empty reports"] += 1


def write_file(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as lines. Returns their number."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(to_json(row), ensure_ascii=False) + "\n")
            count += 1
    return count


def to_json(row: Row) -> dict[str, Any]:
    """One row as JSON."""
    content = {
        "id": row.study_id,
        "patient": row.patient_id,
        "images": list(row.images),
        "report": row.report,
        "mentions": [[one.start, one.end, mention_label(one)] for one in row.graph.mentions],
        "relations": [[one.head, one.type.value, one.tail] for one in row.graph.relations],
        "labels": row.labels,
        "split": row.split,
    }
    if row.views:
        content["views"] = list(row.views)
    return content if row.film is None else {**content, "film": [list(pair) for pair in row.film]}


def from_json(content: dict[str, Any]) -> Row:
    """The row of a line. Raises KeyError, ValueError or TypeError if it is invalid."""
    report = content["report"]
    film = content.get("film")
    return Row(
        str(content["id"]),
        str(content["patient"]),
        report,
        _graph(report, content),
        tuple(content.get("images", ())),
        None if film is None else tuple((name, label) for name, label in film),
        content.get("labels", "gold"),
        content.get("split", ""),
        tuple(content.get("views", ())),
    )


def _row_of(path: Path, number: int, line: str) -> Row:
    try:
        return from_json(json.loads(line))
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise UsageError(
            f"{path.name}, line {number}, is not a study: {type(error).__name__}", "see docs/training.md for the format"
        ) from error


def _graph(report: str, content: dict[str, Any]) -> ReportGraph:
    if "mentions" not in content:
        return _of_words(report, content["triplets"])
    mentions = tuple(_mention(report, start, end, label) for start, end, label in content["mentions"])
    relations = tuple(Relation(head, RelationType(kind), tail) for head, kind, tail in content.get("relations", ()))
    for relation in relations:
        _ = mentions[relation.head], mentions[relation.tail]
    return ReportGraph(mentions, relations)


def _mention(report: str, start: int, end: int, label: str) -> Mention:
    if not 0 <= start < end <= len(report):
        raise ValueError("a mention is outside the report")
    kind = Kind.ANATOMY if label == "A" else Kind.OBSERVATION
    return Mention(start, end, report[start:end], kind, _PRESENCES[label], "findings")


def _of_words(report: str, triplets: Sequence[Sequence[str]]) -> ReportGraph:
    """Mentions of triplets given as words: present, or anatomy if a relation requires it."""
    places: dict[str, int] = {}
    anatomy = {tail for _, kind, tail in triplets if kind == RelationType.LOCATED_AT}
    for word in (word for head, _, tail in triplets for word in (head, tail)):
        if report.count(word) != 1:
            raise ValueError("a word of a triplet is not in the report exactly once")
        places[word] = report.index(word)
    ordered = sorted(places, key=places.__getitem__)
    mentions = tuple(
        _mention(report, places[word], places[word] + len(word), "A" if word in anatomy else "P") for word in ordered
    )
    relations = (
        Relation(ordered.index(head), RelationType(kind), ordered.index(tail)) for head, kind, tail in triplets
    )
    return ReportGraph(mentions, tuple(relations))
