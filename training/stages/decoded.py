"""What the model reads of held-back reports, decoded as in service, against their gold."""

from collections import Counter
from collections.abc import Mapping, Sequence

import torch

from training.data.rows import Row
from training.documents import read_document
from training.metrics import count, f1, total
from vlmkg.model.codec import Codec
from vlmkg.model.decoding.reports import read_reports
from vlmkg.model.network import VlmKg
from vlmkg.radgraph import to_radgraph

FIGURES = ("entity", "relation", "presence")


def reading_scores(model: VlmKg, codec: Codec, rows: Sequence[Row], *, whole: bool = False) -> Mapping[str, float]:
    """Strict F1 of entities, relations and presence over the reports, read without their films."""
    # The decoder's memory is in the weights' own numbers, as in service: no autocast.
    with torch.autocast(model.language_model.device.type, enabled=False):
        readings = read_reports(model.language_model, codec, [row.report for row in rows], whole=whole)
    counted = []
    invalid: Counter[str] = Counter()
    for row, reading in zip(rows, readings, strict=True):
        gold, said = to_radgraph(row.report, row.graph), to_radgraph(row.report, reading.graph)
        tokens = tuple(gold["text"].split())
        counted.append(count(read_document(gold, tokens, invalid), read_document(said, tokens, invalid)))
    return {f"{name}_f1": f1(total(counted, name)) for name in FIGURES} | {"invalid": float(invalid.total())}
