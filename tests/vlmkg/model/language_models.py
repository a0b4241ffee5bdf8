"""Tiny language models with random weights, and decoding as anyone would write it: the twin of the fast one."""

from functools import cache

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, Qwen2Config, Qwen2ForCausalLM

from tests.vlmkg.linear_text import delinearize_film
from tests.vlmkg.model.codecs import small_codec
from vlmkg.linearization import delinearize
from vlmkg.model.decoding.masks import allowed
from vlmkg.model.decoding.state import Phase, context_of, give_context, start
from vlmkg.model.decoding.writing import write

SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 1024,
    "initializer_range": 0.6,
}


@cache
def small_model(seed: int = 0, llama: bool = False) -> PreTrainedModel:
    """Qwen2 ties its head to the embedding here, Llama does not. Wide initial weights, or all words look alike."""
    torch.manual_seed(seed)
    config, model = (LlamaConfig, LlamaForCausalLM) if llama else (Qwen2Config, Qwen2ForCausalLM)
    size = small_codec().vocabulary_size
    return model(config(vocab_size=size, tie_word_embeddings=not llama, **SHAPE)).eval()


@torch.inference_mode()
def slow_decode(language_model, codec, prompts, prefixes=()):
    """One window after the other, the whole sequence read anew for each symbol; what was written, as symbols."""
    width = max(1, *(prompt.tokens for prompt in prompts))
    local = [*range(width), *range(codec.pointers, len(codec.symbols))]
    ids = [codec.symbol_ids[at] for at in local]
    names = len(local) - width - 10
    embed = language_model.get_input_embeddings()
    states, texts = [], []
    for place, prompt in enumerate(prompts):
        state = start([prompt.tokens], [prompt.own_from], [prompt.budget], width, torch.device("cpu"))
        written = []
        while int(state.phase[0]) != Phase.DONE:
            if int(state.phase[0]) == Phase.WAITING:
                give_context(state, 0, context_of(states[place - 1], 0, prompts[place - 1].tokens, prompt.own_from))
            read = embed(torch.tensor([[*prompt.ids, *(ids[at] for at in written)]]))
            if prompt.prefix is not None:
                read = torch.cat((prefixes[prompt.prefix][None], read), dim=1)
            logits = language_model(inputs_embeds=read).logits[0, -1, ids]
            symbol = logits.masked_fill(~allowed(state, names)[0], float("-inf")).argmax()
            write(state, symbol[None], torch.tensor([True]))
            written.append(int(symbol))
        states.append(state)
        texts.append(tuple(codec.symbols[local[at]] for at in written))
    return texts


def graph_of(symbols, prompt):
    """The graph or film facts of a row's symbols, where it was not cut short."""
    return delinearize(symbols, prompt.own_from) if prompt.tokens else delinearize_film(symbols)
