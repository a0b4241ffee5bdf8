"""Decode many windows at once, greedily, constrained by the masks.

Rows are replaced one by one: a finished window leaves its row to the next, so none waits for the longest. Forced
symbols are written without the model. A window that has written its mentions waits, outside the batch, for the previous
window to do so; then the edges between the two are written.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from vlmkg.linearization import Symbol
from vlmkg.model.codec import Codec
from vlmkg.model.decoded import Decoded
from vlmkg.model.decoding.batch import Batch, enter, finished, settle
from vlmkg.model.decoding.forward import Stems, read_new, read_on
from vlmkg.model.decoding.key_value_cache import attending
from vlmkg.model.decoding.window_cache import KnownWindows, plan
from vlmkg.model.prompt import Prompt


def decode(
    language_model: PreTrainedModel,
    codec: Codec,
    prompts: Sequence[Prompt],
    prefixes: Sequence[Tensor] = (),
    *,
    rows: int = 128,
    follow: Sequence[Sequence[Symbol]] | None = None,
    known: KnownWindows | None = None,
) -> list[Decoded]:
    """The language model's output for each prompt, in the same order. Equal windows are read once.

    Args:
        language_model: any causal Hugging Face model that `head.check_language_model` accepts, in evaluation mode.
        codec: its tokenizer.
        prompts: windows and films in any mixture; a window with context directly follows its previous window.
        prefixes: (P, D) film embeddings that prompts refer to by position; each is read once, however many refer to it.
        rows: number of windows read at once; half as many more may wait. Memory grows with it; results do not depend on
            it, except for ties within rounding.
        follow: symbols to write instead of the most likely ones, END included, one sequence for each prompt: the scores
            are then those of the given graph. Raises ValueError if one is not allowed.
        known: a cache of earlier results of the same language model, to which the new ones are added.

    Raises torch.OutOfMemoryError if the device has too little memory for the rows.
    """
    todo = plan(prompts, known, all_of_them=follow is not None)
    results = dict(todo.found)
    with torch.inference_mode(), attending(language_model):
        batch = Batch(language_model, codec, prompts, rows, follow, todo)
        stems = Stems(prefixes, batch.queue)
        while batch.queue or batch.rows:
            read_on(batch)
            if new := enter(batch):
                read_new(batch, stems, new)
            settle(batch)
            for place, decoded in finished(batch):
                results[place] = decoded
                if known is not None and place in todo.keys:
                    known.put(todo.keys[place], decoded, batch.mentions.pop(place))
    return [results[todo.same.get(place, place)] for place in range(len(prompts))]
