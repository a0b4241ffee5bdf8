"""The model's readings of validation reports, decoded with and without the constraint, against their gold."""

from collections import Counter
from collections.abc import Mapping, Sequence

import torch

from training.bleu_rouge import compare
from training.data.rows import Row
from training.documents import read_document
from training.metrics import count, f1, total
from training.stages.unconstrained_decoding import unparsable
from vlmkg.linearization import paper_form
from vlmkg.model.codec import Codec
from vlmkg.model.decoding.reports import ReportReading, read_reports
from vlmkg.model.network import VlmKg
from vlmkg.radgraph import to_radgraph

FIGURES = ("entity", "relation", "presence")


def reading_scores(model: VlmKg, codec: Codec, rows: Sequence[Row], *, whole: bool = False) -> Mapping[str, float]:
    """Scores of the model's readings of the reports, without their films.

    Strict F1 of entities, relations and presence, as in service; BLEU-4 and ROUGE-L (0 to 100) of the paper's form of
    the same graphs; and the share of windows without a graph in unconstrained decoding.
    """
    texts = [row.report for row in rows]
    # The decoder's cache has the weights' number format, as in service: no autocast.
    with torch.autocast(model.language_model.device.type, enabled=False):
        readings = read_reports(model.language_model, codec, texts, whole=whole)
        free = unparsable(model.language_model, codec, texts, whole=whole)
    counted = []
    invalid: Counter[str] = Counter()
    for row, reading in zip(rows, readings, strict=True):
        gold, said = to_radgraph(row.report, row.graph), to_radgraph(row.report, reading.graph)
        tokens = tuple(gold["text"].split())
        counted.append(count(read_document(gold, tokens, invalid), read_document(said, tokens, invalid)))
    figures = {f"{name}_f1": f1(total(counted, name)) for name in FIGURES}
    return {**figures, "invalid": float(invalid.total()), **_surface(rows, readings), "unparsable": free}


def _surface(rows: Sequence[Row], readings: Sequence[ReportReading]) -> Mapping[str, float]:
    found = compare([paper_form(row.graph) for row in rows], [paper_form(reading.graph) for reading in readings])
    return {"bleu_4": found.bleu_4, "rouge_l": found.rouge_l}
