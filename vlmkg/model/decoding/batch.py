"""The rows that are decoded at present: who comes in, what is chosen, who waits, who leaves.

Rows lie in this order: those that the model reads next, then those that wait for the window before them, then those
that have just come in. `finished` puts them in order again.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

import torch
from torch import Tensor
from transformers import PreTrainedModel

from vlmkg.linearization import Symbol
from vlmkg.model.codec import Codec
from vlmkg.model.decoded import Decoded
from vlmkg.model.decoding.cache import RowCache
from vlmkg.model.decoding.collect import Written, collect, collect_film
from vlmkg.model.decoding.head import head_over
from vlmkg.model.decoding.masks import allowed
from vlmkg.model.decoding.state import CLOSING, Context, Phase, State, context_of, give_context, joined, start
from vlmkg.model.decoding.writing import write
from vlmkg.model.prompt import Prompt

_AHEAD = frozenset({Phase.WAITING, Phase.DONE})
"""A row here has written all its mentions."""


@dataclass(slots=True, eq=False)
class Row:
    """A window being decoded, the `place`-th prompt.

    `length` positions of it are in the cache; `pending` are token ids written since, which the model has not read.
    """

    place: int
    prompt: Prompt
    follow: Sequence[Symbol] | None
    length: int = 0
    pending: list[int] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    phase: int = Phase.BETWEEN
    told: bool = False
    """The window behind knows this one's mentions."""

    @property
    def budget(self) -> int:
        """Symbols that may be written."""
        return self.prompt.budget if self.follow is None else len(self.follow) + CLOSING + 1


class Batch:
    """All that `decode` works on. `active` rows are read next; `ready` are rows with logits, to be chosen from."""

    def __init__(
        self,
        language_model: PreTrainedModel,
        codec: Codec,
        prompts: Sequence[Prompt],
        capacity: int,
        follow: Sequence[Sequence[Symbol]] | None,
    ) -> None:
        self.language_model = language_model
        self.capacity = capacity
        self.head = head_over(language_model, codec, max((prompt.tokens for prompt in prompts), default=1) or 1)
        self.index = {symbol: at for at, symbol in enumerate(self.head.symbols)}
        self.cache = RowCache(language_model, min(capacity, len(prompts)))
        self.queue = deque(
            Row(place, prompt, follow[place] if follow else None) for place, prompt in enumerate(prompts)
        )
        self.context_sizes = {place: prompt.own_from for place, prompt in enumerate(prompts) if prompt.own_from}
        self.contexts: dict[int, Context] = {}
        self.rows: list[Row] = []
        self.active = 0
        self.ready: list[tuple[list[int], Tensor]] = []
        self.state: State = start([], [], [], self.head.width, language_model.device)
        self.mask = allowed(self.state, self.head.names)


def enter(batch: Batch) -> int:
    """Let rows in, when enough are free to be worth a forward of their own; return how many came in."""
    free = min(batch.capacity - len(batch.rows), len(batch.queue))
    if free == 0 or (batch.active and free < min(len(batch.queue), batch.capacity // 4)):
        return 0
    # The longest first, so that what is read together is of like length.
    new = sorted((batch.queue.popleft() for _ in range(free)), key=lambda row: -len(row.prompt.ids))
    prompts = [row.prompt for row in new]
    fresh = start(
        [prompt.tokens for prompt in prompts],
        [prompt.own_from for prompt in prompts],
        [row.budget for row in new],
        batch.head.width,
        batch.state.phase.device,
    )
    batch.rows += new
    batch.state = joined([batch.state, fresh])
    batch.mask = torch.cat((batch.mask, allowed(fresh, batch.head.names)))
    return free


def settle(batch: Batch) -> None:
    """Choose a symbol in each ready row; then write all that has no choice, and let waiting rows go on."""
    if batch.ready:
        index = torch.tensor([row for rows, _ in batch.ready for row in rows], device=batch.mask.device)
        logits = torch.cat([logits for _, logits in batch.ready])
        batch.ready = []
        _choose(batch, index, logits)
    while _unblock(batch) | _write_forced(batch):
        pass


def finished(batch: Batch) -> Iterator[tuple[int, Decoded]]:
    """The places and graphs of the rows that have ended; the others move together."""
    for row in batch.rows:
        if row.phase == Phase.DONE:
            yield row.place, _collected(row)
    kept = [at for at, row in enumerate(batch.rows) if row.phase != Phase.DONE]
    active = [at for at in kept if batch.rows[at].phase != Phase.WAITING]
    batch.active = len(active)
    order = _few_moves(active, 0) + _few_moves(
        [at for at in kept if batch.rows[at].phase == Phase.WAITING], len(active)
    )
    if order == list(range(len(batch.rows))):
        return
    batch.cache.move(order)
    index = torch.tensor(order, dtype=torch.long, device=batch.mask.device)
    batch.state, batch.mask = batch.state.rows(index), batch.mask[index]
    batch.rows = [batch.rows[at] for at in order]


def _choose(batch: Batch, index: Tensor, logits: Tensor) -> None:
    mask = batch.mask[index]
    likely = torch.log_softmax(logits.masked_fill(~mask, -inf), dim=1)
    symbols = likely.argmax(1)
    rows = [batch.rows[at] for at in index.tolist()]
    if rows[0].follow is not None:
        wanted = [batch.index[row.follow[len(row.written)]] for row in rows if row.follow is not None]
        symbols = torch.tensor(wanted, device=symbols.device)
    chosen = likely.gather(1, symbols[:, None])[:, 0]
    _write(batch, index, symbols, list(zip(symbols.tolist(), chosen.tolist(), [True] * len(rows), strict=True)))


def _write(batch: Batch, index: Tensor, symbols: Tensor, notes: list[tuple[int, float, bool]]) -> None:
    """Write one symbol in each of the rows at `index`."""
    every = torch.zeros(len(batch.rows), dtype=torch.long, device=index.device)
    every[index] = symbols
    on = torch.zeros(len(batch.rows), dtype=torch.bool, device=index.device)
    on[index] = True
    for at, (symbol, log_probability, chosen) in zip(index.tolist(), notes, strict=True):
        if log_probability == -inf:
            raise ValueError(
                f"{batch.head.symbols[symbol]} is not allowed behind {len(batch.rows[at].written)} symbols"
            )
        batch.rows[at].written.append(Written(batch.head.symbols[symbol], log_probability, chosen))
        batch.rows[at].pending.append(batch.head.ids[symbol])
    write(batch.state, every, on)
    _look(batch)


def _look(batch: Batch) -> None:
    batch.mask = allowed(batch.state, batch.head.names)
    for row, phase in zip(batch.rows, batch.state.phase.tolist(), strict=True):
        row.phase = phase


def _write_forced(batch: Batch) -> bool:
    index = (batch.mask.sum(1) == 1).nonzero()[:, 0]
    if len(index) == 0:
        return False
    symbols = batch.mask[index].int().argmax(1)
    _write(batch, index, symbols, [(symbol, 0.0, False) for symbol in symbols.tolist()])
    return True


def _unblock(batch: Batch) -> bool:
    """Tell each window behind the mentions before it; let those go on that wait for them. Whether any did."""
    for at, row in enumerate(batch.rows):
        if row.phase in _AHEAD and not row.told:
            row.told = True
            if count := batch.context_sizes.get(row.place + 1):
                batch.contexts[row.place + 1] = context_of(batch.state, at, row.prompt.tokens, count)
    going = [at for at, row in enumerate(batch.rows) if row.phase == Phase.WAITING and row.place in batch.contexts]
    for at in going:
        give_context(batch.state, at, batch.contexts.pop(batch.rows[at].place))
    if going:
        _look(batch)
    return bool(going)


def _few_moves(kept: list[int], first: int) -> list[int]:
    """The rows `kept` in places from `first` on, each where it is already, if it is in one of these places."""
    places = range(first, first + len(kept))
    homeless = iter([at for at in kept if at not in places])
    at_home = set(kept)
    return [place if place in at_home else next(homeless) for place in places]


def _collected(row: Row) -> Decoded:
    truncated = row.follow is None and row.budget - len(row.written) < CLOSING
    if row.prompt.tokens == 0:
        return collect_film(row.written, truncated=truncated)
    return collect(row.written, row.prompt.own_from, truncated=truncated)
