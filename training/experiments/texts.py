"""Reports with graphs from any source, and the scores of an engine's readings."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from training.documents import Raw, read_document
from training.metrics import Counts, count
from vlmkg.engine_protocol import Engine, StudyInput
from vlmkg.pipeline import read_in_parts
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import ReportGraph


class Text(NamedTuple):
    """A report, and its gold (or silver) graph as RadGraph JSON."""

    text: str
    gold: Raw


class Read(NamedTuple):
    """Counts of each report, and the number of truncated ones."""

    counts: list[dict[str, Counts]]
    truncated: int


def text_of(text: str, graph: ReportGraph) -> Text:
    """The report with its graph."""
    return Text(text, to_radgraph(text, graph))


def read_texts(engine: Engine, texts: Sequence[Text]) -> Read:
    """Score the engine's readings of the reports, before validation, against their graphs."""
    outputs = read_in_parts(engine, [StudyInput((one.text,)) for one in texts])
    counts: list[dict[str, Counts]] = []
    for one, output in zip(texts, outputs, strict=True):
        tokens = tuple(one.gold["text"].split())
        said = to_radgraph(one.text, output.reports[0].graph)
        counts.append(count(read_document(one.gold, tokens, Counter()), read_document(said, tokens, Counter())))
    return Read(counts, sum(output.reports[0].truncated for output in outputs))
