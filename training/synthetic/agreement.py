"""Agreement of the rules engine with the generator's gold. At each difference either may be wrong."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from training.documents import read_document
from training.metrics import Counts, count, f1, total
from training.synthetic.studies import Study
from vlmkg.engine_protocol import Engine, StudyInput
from vlmkg.radgraph import to_radgraph


def agreement(made: Sequence[Study], engine: Engine) -> dict[str, float]:
    """F1 of the engine against the gold by type, and the share of completely equal reports."""
    rows, equal = [], 0
    outputs = engine.read([StudyInput((study.text,)) for study in made])
    for study, output in zip(made, outputs, strict=True):
        counts = _counts(to_radgraph(study.text, study.graph), to_radgraph(study.text, output.reports[0].graph))
        rows.append(counts)
        equal += all(hits == said == true for hits, said, true in counts.values())
    figures = {name: f1(total(rows, name)) for name in rows[0] if not name.startswith("accuracy")}
    return {"reports": len(rows), "equal reports": equal / len(rows), **figures}


def _counts(gold: dict[str, Any], said: dict[str, Any]) -> dict[str, Counts]:
    tokens = tuple(gold["text"].split())
    invalid: Counter[str] = Counter()
    return count(read_document(gold, tokens, invalid), read_document(said, tokens, invalid))
