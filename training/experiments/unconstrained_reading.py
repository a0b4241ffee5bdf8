"""Unconstrained readings of reports as graphs, to measure the effect of the constraint.

Plain greedy decoding by Hugging Face. A window whose output is not a graph gives no facts, and is counted.
Shapes: B windows, T token ids, N prefix embeddings, D width of the language model.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from transformers import PreTrainedModel

from training.stages.unconstrained_decoding import ROWS, stands
from vlmkg.checkpoint.store import Checkpoint
from vlmkg.linearization import END, delinearize
from vlmkg.model.codec import PAD, Codec
from vlmkg.model.decoded import Decoded
from vlmkg.model.prompt import Prompt, encode_prompt, report_windows
from vlmkg.model.windows import Window, merge_windows
from vlmkg.numbered_tokens import Numbered, TokenGraph, number, report_graph
from vlmkg.schema import ReportGraph


class FreeReading(NamedTuple):
    """The graph of each report, and the number of windows without a graph."""

    graphs: list[ReportGraph]
    windows: int
    unparsable: int


class _Cut(NamedTuple):
    numbered: Numbered
    windows: list[Window]
    prompts: list[Prompt]


def read_freely(checkpoint: Checkpoint, texts: Sequence[str], prefixes: Sequence[Tensor] | None = None) -> FreeReading:
    """The readings of the reports, each after its (N, D) prefix if there are `prefixes`."""
    cuts = [_cut(checkpoint, text, 0 if prefixes is None else len(prefixes[at])) for at, text in enumerate(texts)]
    prompts = [prompt for cut in cuts for prompt in cut.prompts]
    owners = [at for at, cut in enumerate(cuts) for _ in cut.prompts]
    written = _write_all(checkpoint, prompts, owners, prefixes)
    parts = iter([_decoded(checkpoint.codec, *pair) for pair in zip(prompts, written, strict=True)])
    graphs, failed = [], 0
    for cut in cuts:
        found = [next(parts) for _ in cut.windows]
        failed += sum(one is None for one in found)
        merged = merge_windows(cut.windows, [one or Decoded() for one in found])
        graphs.append(report_graph(cut.numbered, _standing(merged.graph)))
    return FreeReading(graphs, len(prompts), failed)


def write_freely(
    checkpoint: Checkpoint, prompts: Sequence[Prompt], prefixes: Sequence[Tensor] | None
) -> list[list[int]]:
    """The token ids after each prompt, which follows its prefix if there are any."""
    model, codec = checkpoint.network.language_model, checkpoint.codec
    with torch.inference_mode():
        embeddings_btd, mask_bt = _padded(model, prompts, prefixes)
        ids = cast("Any", model).generate(
            inputs_embeds=embeddings_btd,
            attention_mask=mask_bt,
            do_sample=False,
            max_new_tokens=max(prompt.budget for prompt in prompts),
            eos_token_id=codec.id(f"<{END}>"),
            pad_token_id=codec.id(PAD),
        )
    written: list[list[int]] = ids.tolist()
    return written


def _padded(
    model: PreTrainedModel, prompts: Sequence[Prompt], prefixes: Sequence[Tensor] | None
) -> tuple[Tensor, Tensor]:
    """(B, T, D) embeddings and (B, T) mask, padded on the left, so that all rows end at the same position."""
    embed = model.get_input_embeddings()
    rows = [embed(torch.tensor(prompt.ids)) for prompt in prompts]
    if prefixes is not None:
        rows = [torch.cat((prefix.to(row), row)) for prefix, row in zip(prefixes, rows, strict=True)]
    longest = max(len(row) for row in rows)
    padded = [torch.cat((row.new_zeros(longest - len(row), row.shape[1]), row)) for row in rows]
    return torch.stack(padded), torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])


def _cut(checkpoint: Checkpoint, text: str, prefix: int) -> _Cut:
    codec, numbered = checkpoint.codec, number(text)
    positions = checkpoint.network.language_model.config.max_position_embeddings
    windows = report_windows(codec, numbered, positions, prefix, whole=checkpoint.manifest.whole_report)
    return _Cut(numbered, windows, [encode_prompt(codec, numbered, window) for window in windows])


def _write_all(
    checkpoint: Checkpoint, prompts: Sequence[Prompt], owners: Sequence[int], prefixes: Sequence[Tensor] | None
) -> list[list[int]]:
    """Decode windows of similar length together, because padding costs time."""
    order = sorted(range(len(prompts)), key=lambda at: len(prompts[at].ids))
    written: list[list[int]] = [[] for _ in prompts]
    for first in range(0, len(order), ROWS):
        group = order[first : first + ROWS]
        own = None if prefixes is None else [prefixes[owners[at]] for at in group]
        for at, ids in zip(group, write_freely(checkpoint, [prompts[at] for at in group], own), strict=True):
            written[at] = ids
    return written


def _decoded(codec: Codec, prompt: Prompt, written: Sequence[int]) -> Decoded | None:
    """The window's graph; None if the ids are not a graph."""
    if not stands(codec, prompt, written):
        return None
    names = dict(zip(codec.symbol_ids, codec.symbols, strict=True))
    ids = written[: written.index(codec.id(f"<{END}>")) + 1]
    graph = delinearize([names[one] for one in ids], prompt.own_from)
    return Decoded(graph, (1.0,) * len(graph.spans), (1.0,) * len(graph.edges))


def _standing(graph: TokenGraph) -> TokenGraph:
    """The graph without edges to mentions that the previous window did not write, and without repetitions."""
    begun = {span.first for span in graph.spans}
    edges = dict.fromkeys(edge for edge in graph.edges if edge.head in begun and edge.tail in begun)
    return TokenGraph(graph.spans, tuple(edges))
