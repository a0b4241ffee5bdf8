"""The speed of decoding, compared with plain `generate` with the same weights.

    python -m benchmarks.decoding [small|half-billion] [--reports REPORTS.tgz] [--count 256] [--rows 64] [--threads 1]

Random weights never stop, so real targets are replayed: the graphs that the rules read in the reports. All ways read
the same prompts and write the same symbols, with the same weights, type and rows at once:

    ours          `decode`, following the targets: every mask, score and step is computed, only the choice is given
    masked        Hugging Face's `generate` with the same masks as a LogitsProcessor, over the whole vocabulary
    unmasked      `generate` without any processor, for as many tokens as the longest target of its batch
    ..., sorted   the same with windows sorted by length before they are batched

Rates are by the clock, and by CPU time, which a busy machine disturbs less. On a GPU the limit is printed: the bytes of
weights and of keys and values that `ours` read, over the bandwidth of a copy measured in the same run. Without
--reports, synthetic reports are written.
"""

import argparse
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList, PreTrainedModel, Qwen2Config, Qwen2ForCausalLM

from benchmarks.reports import open_i
from training.synthetic.report import write_report
from vlmkg.linearization import Symbol, linearize
from vlmkg.model.codec import Codec, extend_tokenizer, train_codec
from vlmkg.model.decoding.decode import decode
from vlmkg.model.decoding.key_value_cache import RowCache
from vlmkg.model.decoding.masks import allowed
from vlmkg.model.decoding.state import ANATOMY, OBSERVATION, Phase, State, give_context, start
from vlmkg.model.decoding.writing import write
from vlmkg.model.prompt import Prompt, encode_prompt, report_windows
from vlmkg.model.windows import window_graph
from vlmkg.numbered_tokens import Label, Span, number, readable_part
from vlmkg.reading.rules.engine import RulesEngine

SIZES = {
    "small": {
        "vocab_size": 3000,
        "hidden_size": 256,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 768,
        "max_position_embeddings": 2048,
    },
    "half-billion": {
        "vocab_size": 151936,
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "num_key_value_heads": 16,
        "intermediate_size": 2816,
        "max_position_embeddings": 32768,
        "rope_theta": 1e6,
    },
}


@dataclass(frozen=True)
class Work:
    """The work: prompts, the symbols of each, the mentions of each window's context."""

    codec: Codec
    prompts: list[Prompt]
    targets: list[tuple[Symbol, ...]]
    contexts: list[tuple[Span, ...]]


def texts_of(reports: Path | None, count: int) -> list[str]:
    """Reports of an Open-i archive, or synthetic ones."""
    if reports is None:
        rng = random.Random(7)
        return [write_report(rng)[0] for _ in range(count)]
    found = open_i(reports)
    return [found[key] for key in sorted(found)][:count]


def work_of(texts: Sequence[str], size: str) -> Work:
    """Windows, prompts and silver targets of the texts."""
    codec = train_codec(texts, vocabulary=SIZES["small"]["vocab_size"])
    if size != "small":
        codec = extend_tokenizer(codec.tokenizer, codec.pointers)
    work = Work(codec, [], [], [])
    for text, graph in zip(texts, RulesEngine().extract(texts), strict=True):
        numbered = number(text)
        read, _ = readable_part(numbered, graph)
        for window in report_windows(codec, numbered, SIZES[size]["max_position_embeddings"]):
            work.prompts.append(encode_prompt(codec, numbered, window))
            work.targets.append(linearize(window_graph(window, read), window.own_from))
            work.contexts.append(
                tuple(
                    Span(span.first - window.first, span.last - window.first, span.label)
                    for span in read.spans
                    if window.first <= span.first < window.own
                )
            )
    return work


class SameMasks(LogitsProcessor):
    """The masks of `decode` over the whole vocabulary, then the target: the usual way with `generate`."""

    def __init__(self, work: Work, places: list[int], device: torch.device) -> None:
        self.work, self.places, self.step = work, places, 0
        prompts = [work.prompts[place] for place in places]
        self.width = max(prompt.tokens for prompt in prompts)
        symbols = [*work.codec.symbols[: self.width], *work.codec.symbols[work.codec.pointers :]]
        self.index = {symbol: at for at, symbol in enumerate(symbols)}
        self.ids = torch.tensor([work.codec.symbol_ids[work.codec.index[symbol]] for symbol in symbols], device=device)
        budgets = [len(work.targets[place]) + 8 for place in places]
        tokens, own = [prompt.tokens for prompt in prompts], [prompt.own_from for prompt in prompts]
        self.state: State = start(tokens, own, budgets, self.width, device)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (B, V), with nothing left but the target of each row."""
        for row in (self.state.phase == Phase.WAITING).nonzero()[:, 0].tolist():
            give_context(self.state, row, self._context(row))
        mask = allowed(self.state, len(self.index) - self.width - 10)
        masked = torch.full_like(scores, float("-inf"))
        masked[:, self.ids] = scores[:, self.ids].masked_fill(~mask, float("-inf"))
        targets = [self.work.targets[place] for place in self.places]
        on = torch.tensor([self.step < len(target) for target in targets], device=scores.device)
        symbols = torch.tensor(
            [self.index[target[self.step]] if self.step < len(target) else 0 for target in targets],
            device=scores.device,
        )
        if not mask[on].gather(1, symbols[on][:, None]).all():
            raise ValueError("a target is not allowed")
        write(self.state, symbols, on)
        self.step += 1
        return masked.scatter(1, self.ids[symbols][:, None], 1e9)

    def _context(self, row: int) -> tuple[Tensor, Tensor, Tensor]:
        count = self.work.prompts[self.places[row]].own_from
        begun = torch.zeros(count, dtype=torch.bool)
        kinds = torch.zeros(count, dtype=torch.int8)
        for span in self.work.contexts[self.places[row]]:
            begun[span.first] = True
            kinds[span.first] = ANATOMY if span.label is Label.ANATOMY else OBSERVATION
        return begun, kinds, torch.zeros(count, count, dtype=torch.bool)


def plain(model: PreTrainedModel, work: Work, rows: int, *, masked: bool, by_length: bool) -> None:
    """`generate`, batch by batch, padded on the left, each as long as its longest target."""
    order = list(range(len(work.prompts)))
    if by_length:
        order.sort(key=lambda place: len(work.prompts[place].ids))
    for at in range(0, len(order), rows):
        places = order[at : at + rows]
        ids = [work.prompts[place].ids for place in places]
        longest = max(map(len, ids))
        padded = torch.tensor([[0] * (longest - len(row)) + list(row) for row in ids], device=model.device)
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in ids], device=model.device)
        processors = [SameMasks(work, places, model.device)] if masked else []
        model.generate(
            input_ids=padded,
            attention_mask=mask,
            max_new_tokens=max(len(work.targets[place]) for place in places),
            do_sample=False,
            logits_processor=LogitsProcessorList(processors),
            pad_token_id=0,
            eos_token_id=None,
        )


def timed(run: Callable[[], object], device: torch.device) -> tuple[float, float]:
    """Seconds by the clock and of CPU."""
    clock, cpu = time.perf_counter(), time.process_time()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - clock, time.process_time() - cpu


def bytes_read(model: PreTrainedModel, work: Work, rows: int) -> int:
    """The weights and the keys and values that the forwards of `ours` read."""
    embedding = model.get_input_embeddings().weight
    weights = sum(one.numel() * one.element_size() for one in model.base_model.parameters())
    weights -= embedding.numel() * embedding.element_size()
    total = 0

    def count(_: object, __: object, given: dict[str, Any]) -> None:
        nonlocal total
        cache: RowCache = given["past_key_values"]
        one = cache.memory[:, :, 0, 0].numel() * cache.memory.element_size()
        total += weights + len(given["inputs_embeds"]) * cache.get_seq_length() * one

    hook = model.base_model.register_forward_pre_hook(count, with_kwargs=True)
    decode(model, work.codec, work.prompts, rows=rows, follow=work.targets)
    hook.remove()
    return total


def bandwidth(device: torch.device) -> float:
    """Bytes per second that a copy reads and writes."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    seconds, _ = timed(lambda: [target.copy_(source) for _ in range(10)], device)
    return 20 * source.numel() / seconds


def ways(model: PreTrainedModel, work: Work, rows: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """The measured ways, by name."""
    yield "ours", lambda: decode(model, work.codec, work.prompts, rows=rows, follow=work.targets)
    # Sorting has no effect if all windows are one batch.
    for by_length in (False, True) if len(work.prompts) > rows else (False,):
        ending = ", sorted" if by_length else ""
        yield f"masked{ending}", lambda s=by_length: plain(model, work, rows, masked=True, by_length=s)
        yield f"unmasked{ending}", lambda s=by_length: plain(model, work, rows, masked=False, by_length=s)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", nargs="?", choices=SIZES, default="small")
    parser.add_argument("--reports", type=Path)
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    model = Qwen2ForCausalLM(Qwen2Config(**SIZES[arguments.size], tie_word_embeddings=True)).eval().to(device, dtype)
    texts = texts_of(arguments.reports, arguments.count)
    work = work_of(texts, arguments.size)
    symbols, read = sum(map(len, work.targets)), sum(len(prompt.ids) for prompt in work.prompts)
    print(
        f"{len(texts)} reports, {len(work.prompts)} windows, {read} tokens read, {symbols} written; {arguments.size},"
    )
    print(f"{dtype}, {device}, {arguments.rows} rows, {arguments.threads} threads, load {os.getloadavg()[0]:.0f}")
    decode(model, work.codec, work.prompts[:4], rows=4, follow=work.targets[:4])
    print(f"{'':18}{'reports/s':>10}{'tokens/s':>10}{'reports/CPU s':>15}{'ours faster by':>16}{'by CPU':>8}")
    ours = (0.0, 0.0)
    for name, run in ways(model, work, arguments.rows):
        seconds, cpu = timed(run, device)
        ours = (seconds, cpu) if name == "ours" else ours
        rates = f"{len(texts) / seconds:10.2f}{symbols / seconds:10.0f}{len(texts) / cpu:15.2f}"
        print(f"{name:18}{rates}{seconds / ours[0]:16.2f}{cpu / ours[1]:8.2f}", flush=True)
    if device.type == "cuda":
        limit = bytes_read(model, work, arguments.rows) / bandwidth(device)
        print(f"memory limit: {limit:.2f} s; ours {ours[0]:.2f} s, {ours[0] / limit:.1f} times as long")


if __name__ == "__main__":
    main()
