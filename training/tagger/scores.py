"""Scores of a tagger: figures during training, and the full evaluation on gold."""

from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from accelerate.utils import send_to_device

from training.data.rows import Row
from training.documents import read_document
from training.metrics import count, f1, total
from training.tagger.examples import TagBatch
from training.tagger.network import SpanTagger
from training.tagger.prediction import Tagger, read_reports
from vlmkg.model.network import IGNORED
from vlmkg.radgraph import to_radgraph

FIGURES = ("entity", "relation", "presence")


def held_figures(network: SpanTagger, held: Sequence[TagBatch]) -> Mapping[str, float]:
    """Mean loss per word over the validation batches, and the share of words whose best tag is right."""
    device = network.tag_head.weight.device
    loss, right, words = 0.0, 0, 0
    for batch in (send_to_device(one, device) for one in held):
        own = batch.tags != IGNORED
        scores = network.tag_scores(network.words(batch.pieces, batch.word_of, batch.own, batch.tags.shape[1]))
        loss += float(network(batch)) * int(own.sum())
        right += int((scores.argmax(-1) == batch.tags)[own].sum())
        words += int(own.sum())
    return {"validation_loss": loss / words, "tag_accuracy": right / words}


def reading_scores(tagger: Tagger, rows: Sequence[Row]) -> Mapping[str, float]:
    """Strict F1 of entities, relations and presence of the reports as read, and the share of invalid items."""
    # As the language model's own readings: in the weights' numbers.
    with torch.autocast(tagger.network.tag_head.weight.device.type, enabled=False):
        graphs = read_reports(tagger, [row.report for row in rows])
    invalid: Counter[str] = Counter()
    counted = []
    for row, graph in zip(rows, graphs, strict=True):
        gold, said = to_radgraph(row.report, row.graph), to_radgraph(row.report, graph)
        tokens = tuple(gold["text"].split())
        counted.append(count(read_document(gold, tokens, Counter()), read_document(said, tokens, invalid)))
    figures = {f"{name}_f1": f1(total(counted, name)) for name in FIGURES}
    return {**figures, "invalid": float(invalid.total())}
