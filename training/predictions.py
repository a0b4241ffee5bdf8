"""An engine's readings of gold reports, as RadGraph JSON by report id."""

from collections.abc import Mapping

from training.documents import Raw
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import extract_texts
from vlmkg.radgraph import to_radgraph


def predict(engine: Engine, gold: Mapping[str, Raw]) -> dict[str, Raw]:
    """The engine's graphs of the gold texts before validation, because its errors must be counted."""
    texts = [one["text"] for one in gold.values()]
    graphs = extract_texts(engine, texts)
    return {key: to_radgraph(text, graph) for key, text, graph in zip(gold, texts, graphs, strict=True)}
