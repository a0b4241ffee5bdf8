"""A review on disk: the readers' sheets in `sheets/`, and the organiser's key of the sampled items."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from training.data.jsonl import read_files
from training.data.radgraph import read_radgraph
from training.data.rows import Row
from training.data.tally import Tally
from training.review.items import Item, sample
from training.review.sheets import Judgement, read_sheet, write_sheet
from vlmkg.errors import UsageError

SHEETS, KEY_FILE = "sheets", "key.json"
FORM = 1
ROWS = ".jsonl"


@dataclass(frozen=True, slots=True)
class KeyItem:
    """The key's record of an item, beside its report and index: relation type, and the kind of the head."""

    relation: str
    says: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """A finished review: items by name, each reader's judgement of every item, and the triplets of each type."""

    items: dict[str, KeyItem]
    readers: dict[str, dict[str, Judgement]]
    triplets: dict[str, int]


def export(graphs: Path, count: int, seed: int, readers: int, out: Path) -> None:
    """Sample triplets of a graphs file; write sheets and key to the new folder `out`, readable only by its owner."""
    rows = read_rows(graphs)
    drawn = sample(rows, count, seed)
    (out / SHEETS).mkdir(mode=0o700, parents=True)
    out.chmod(0o700)
    names = [f"reader-{number}" for number in range(1, readers + 1)]
    for name in names:
        write_sheet(out / SHEETS / f"{name}.csv", _reordered(drawn.items, f"{seed}/{name}"))
    content = {
        "form": FORM,
        "graphs": graphs.name,
        "sha256": sha256(graphs.read_bytes()).hexdigest(),
        "seed": seed,
        "readers": names,
        "triplets": dict(drawn.triplets),
        "items": {item.name: _key(item) for item in drawn.items},
    }
    (out / KEY_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_back(folder: Path) -> Verdicts:
    """The verdicts of all readers. Raises UsageError if the key or a sheet is missing, or a sheet has an error."""
    try:
        key = json.loads((folder / KEY_FILE).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{folder} has no {KEY_FILE}", "give the folder that the export wrote") from error
    if key["form"] != FORM:
        raise UsageError(
            f"the review has format {key['form']}, but this program reads {FORM}",
            "use the version that exported the review",
        )
    items = {name: KeyItem(one["relation"], one["says"]) for name, one in key["items"].items()}
    return Verdicts(items, {name: _sheet(folder, name, items) for name in key["readers"]}, key["triplets"])


def read_rows(graphs: Path) -> list[Row]:
    """The rows of our JSONL, or of RadGraph JSON: its valid part. Raises UsageError if it is neither."""
    return read_files([graphs])[0] if graphs.suffix == ROWS else list(read_radgraph(graphs, Tally()))


def _sheet(folder: Path, name: str, items: dict[str, KeyItem]) -> dict[str, Judgement]:
    path = folder / SHEETS / f"{name}.csv"
    if not path.exists():
        raise UsageError(f"{path.name} is missing", f"copy every reader's sheet back to {SHEETS}")
    return read_sheet(path, items)


def _reordered(items: Sequence[Item], seed: str) -> list[Item]:
    order = list(items)
    Random(seed).shuffle(order)  # noqa: S311 - an order, no secret
    return order


def _key(item: Item) -> dict[str, Any]:
    return {
        "report": item.report_id,
        "head": [item.head.start, item.head.end],
        "relation": item.relation.value,
        "tail": [item.tail.start, item.tail.end],
        "says": item.says,
    }
