"""Unconstrained decoding: the share of windows whose output is not a graph.

In service the automaton constrains every window; only this figure shows how often that is needed.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, cast

import torch
from transformers import PreTrainedModel

from vlmkg.linearization import END, Symbol, delinearize
from vlmkg.model.codec import PAD, Codec
from vlmkg.model.prompt import Prompt, encode_prompt, report_windows
from vlmkg.numbered_tokens import number

WINDOWS = 100
"""Windows decoded per evaluation: one failure is 1 %."""
ROWS = 16
"""Windows per batch."""


def unparsable(language_model: PreTrainedModel, codec: Codec, texts: Sequence[str], *, whole: bool = False) -> float:
    """The share of the first WINDOWS windows of the reports for which greedy decoding gives no graph."""
    prompts = list(islice(_prompts(language_model, codec, texts, whole=whole), WINDOWS))
    # Windows of similar length are decoded together, because padding costs time.
    prompts.sort(key=lambda prompt: len(prompt.ids))
    parts = [prompts[at : at + ROWS] for at in range(0, len(prompts), ROWS)]
    failed = [
        not stands(codec, *one) for part in parts for one in zip(part, _write(language_model, codec, part), strict=True)
    ]
    return sum(failed) / len(failed) if failed else 0.0


def stands(codec: Codec, prompt: Prompt, written: Sequence[int]) -> bool:
    """Whether the token ids are a graph of the window, END included; ids after END are ignored."""
    names = dict(zip(codec.symbol_ids, codec.symbols, strict=True))
    end = codec.id(f"<{END}>")
    if end not in written[: prompt.budget]:
        return False
    ids = written[: written.index(end) + 1]
    if not all(one in names for one in ids):
        return False
    symbols = [names[one] for one in ids]
    try:
        delinearize(symbols, prompt.own_from)
    except ValueError:
        return False
    return all(token < prompt.tokens for token in _pointed_at(symbols))


def _prompts(language_model: PreTrainedModel, codec: Codec, texts: Sequence[str], *, whole: bool) -> Iterator[Prompt]:
    positions = language_model.config.max_position_embeddings
    for text in texts:
        numbered = number(text)
        for window in report_windows(codec, numbered, positions, whole=whole):
            yield encode_prompt(codec, numbered, window)


def _write(language_model: PreTrainedModel, codec: Codec, prompts: Sequence[Prompt]) -> list[list[int]]:
    """The token ids after each prompt, which is padded on the left, by Hugging Face's greedy decoding."""
    pad, longest = codec.id(PAD), max(len(prompt.ids) for prompt in prompts)
    ids = torch.tensor([[pad] * (longest - len(prompt.ids)) + list(prompt.ids) for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt.ids)) + [1] * len(prompt.ids) for prompt in prompts])
    whole = cast("Any", language_model).generate(
        ids.to(language_model.device),
        attention_mask=mask.to(language_model.device),
        do_sample=False,
        max_new_tokens=max(prompt.budget for prompt in prompts),
        eos_token_id=codec.id(f"<{END}>"),
        pad_token_id=pad,
    )
    written: list[list[int]] = whole[:, longest:].tolist()
    return written


def _pointed_at(symbols: Sequence[Symbol]) -> Iterator[int]:
    return (int(symbol[1:]) for symbol in symbols if symbol.startswith("@"))
