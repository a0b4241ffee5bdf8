"""Read whole reports and films with a language model: windows, prompts, decoding, and back to graphs."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor
from transformers import PreTrainedModel

from vlmkg.model.codec import Codec
from vlmkg.model.decoded import Decoded
from vlmkg.model.decoding.decode import decode
from vlmkg.model.decoding.window_cache import KnownWindows
from vlmkg.model.prompt import Prompt, encode_film_prompt, encode_prompt, report_windows
from vlmkg.model.windows import merge_windows
from vlmkg.numbered_tokens import number, report_graph
from vlmkg.schema import ReportGraph


class ReportReading(NamedTuple):
    """The graph of one report, scored, witness the model.

    `truncated`: a budget ended too early, so facts may be missing.
    """

    graph: ReportGraph
    truncated: bool


def read_reports(
    language_model: PreTrainedModel,
    codec: Codec,
    texts: Sequence[str],
    prefixes: Sequence[Tensor] = (),
    prefix_of: Sequence[int | None] | None = None,
    *,
    whole: bool = False,
    rows: int = 128,
    known: KnownWindows | None = None,
) -> list[ReportReading]:
    """One reading for each text, in the same order; offsets count code points of the text as given.

    Args:
        language_model: as in `decode`.
        codec: its tokenizer.
        texts: reports of any length: text that does not fit the language model's positions is split into windows.
        prefixes: (P, D) embeddings of the films of a study.
        prefix_of: for each text the position of its study's prefix, or None if the study has no film.
        whole: read as many sentences in a window as fit, instead of one with the previous one.
        rows, known: as in `decode`.
    """
    numbered = [number(text) for text in texts]
    positions = language_model.config.max_position_embeddings
    owners = prefix_of if prefix_of is not None else [None] * len(texts)
    lengths = [0 if prefix is None else len(prefixes[prefix]) for prefix in owners]
    windows = [
        report_windows(codec, one, positions, length, whole=whole)
        for one, length in zip(numbered, lengths, strict=True)
    ]
    prompts: list[Prompt] = [
        encode_prompt(codec, one, window, prefix)
        for one, cut, prefix in zip(numbered, windows, owners, strict=True)
        for window in cut
    ]
    parts = iter(decode(language_model, codec, prompts, prefixes, rows=rows, known=known))
    merged = [merge_windows(cut, [next(parts) for _ in cut]) for cut in windows]
    return [
        ReportReading(report_graph(one, part.graph, part.span_scores, part.edge_scores), part.truncated)
        for one, part in zip(numbered, merged, strict=True)
    ]


def read_films(
    language_model: PreTrainedModel, codec: Codec, prefixes: Sequence[Tensor], *, rows: int = 128
) -> list[Decoded]:
    """The facts of each film, from its own (P, D) prefix: `film` has name, label (P, U, N) and score of each fact."""
    prompts = [encode_film_prompt(codec, at) for at in range(len(prefixes))]
    return decode(language_model, codec, prompts, prefixes, rows=rows)
