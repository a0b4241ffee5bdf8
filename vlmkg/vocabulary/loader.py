"""Read the shipped tables into one immutable vocabulary.

data/radlex.csv    code, name, parent     RadLex subset, written by tools/build_vocabulary.py; NOTICE.radlex.txt
data/chest.csv     code, name, parents    concepts that RadLex lacks; codes `CXR:...`, system `vlmkg`; joined by `;`
data/part_of.csv   child, parent          the project's PART_OF table, from a radiologist's view
data/synonyms.csv  code, phrases          the project's own synonyms of any concept, joined by `;`
"""

import csv
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
TABLES = ("radlex.csv", "chest.csv", "part_of.csv", "synonyms.csv")

RADLEX = "radlex"
OWN = "vlmkg"
LOCAL = "local"
"""The system of local concepts: wording of mentions that no table has."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept. `code` is unique across systems; `synonyms` are further names, not the preferred one."""

    code: str
    system: str
    name: str
    synonyms: tuple[str, ...] = ()

    def __hash__(self) -> int:
        # The code is unique; concepts are keys of what is kept in memory.
        return hash(self.code)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All shipped concepts, their edges as (child code, parent code), and the SHA-256 (hex) of the tables."""

    concepts: tuple[Concept, ...]
    is_a: tuple[tuple[str, str], ...]
    part_of: tuple[tuple[str, str], ...]
    digest: str


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV table with a header; lines that start with `#` are comments."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@cache
def load_vocabulary() -> Vocabulary:
    """The shipped vocabulary, read once per process (about 30 ms)."""
    synonyms: dict[str, list[str]] = defaultdict(list)
    for row in rows(DATA / "synonyms.csv"):
        synonyms[row["code"]] += row["phrases"].split(";")
    concepts, is_a = [], []
    for system, table, column in ((RADLEX, "radlex.csv", "parent"), (OWN, "chest.csv", "parents")):
        for row in rows(DATA / table):
            code = row["code"]
            concepts.append(Concept(code, system, row["name"], tuple(synonyms.get(code, ()))))
            is_a += [(code, parent) for parent in row[column].split(";") if parent]
    part_of = tuple((row["child"], row["parent"]) for row in rows(DATA / "part_of.csv"))
    return Vocabulary(tuple(concepts), tuple(is_a), part_of, _digest())


def _digest() -> str:
    sums = [hashlib.sha256((DATA / name).read_bytes()).hexdigest() for name in TABLES]
    return hashlib.sha256(" ".join(sums).encode()).hexdigest()
