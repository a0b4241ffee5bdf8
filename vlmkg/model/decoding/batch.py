"""The rows that are being decoded: adding rows, choosing symbols, waiting, and removing finished rows.

The cache has the rows in this order: those that the model reads next, those that wait for the previous window, and new
ones; `finished` restores the order. In the automaton each row keeps its slot.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import torch
from torch import Tensor
from transformers import PreTrainedModel

from vlmkg.linearization import Symbol
from vlmkg.model.codec import Codec
from vlmkg.model.decoded import Decoded
from vlmkg.model.decoding.graph_from_symbols import Written, collect, collect_film
from vlmkg.model.decoding.head import head_over
from vlmkg.model.decoding.key_value_cache import RowCache
from vlmkg.model.decoding.masks import allowed
from vlmkg.model.decoding.state import (
    CLOSING,
    Context,
    Phase,
    State,
    begin_anew,
    context_of,
    give_context,
    last,
    start,
)
from vlmkg.model.decoding.window_cache import Plan
from vlmkg.model.decoding.writing import write
from vlmkg.model.prompt import Prompt

_AHEAD = frozenset({Phase.WAITING, Phase.DONE})
"""The phases of a row that has written all its mentions."""


@dataclass(slots=True, eq=False)
class Row:
    """A window being decoded, the `place`-th prompt.

    `slot` is its index in the automaton. `length` of its positions are in the cache; `pending` are token ids written
    since, which the model has not read.
    """

    place: int
    prompt: Prompt
    follow: Sequence[Symbol] | None
    slot: int = -1
    length: int = 0
    pending: list[int] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    phase: int = Phase.BETWEEN
    told: bool = False
    """Whether the next windows know this one's mentions."""

    @property
    def budget(self) -> int:
        """Most symbols that may be written."""
        return self.prompt.budget if self.follow is None else len(self.follow) + CLOSING + 1


class Batch:
    """The state of `decode`. `active` rows are read next; `ready` rows have logits, from which a symbol is chosen.

    `contexts` are the mentions that windows wait for; `mentions` those of each place that is cached.
    """

    def __init__(
        self,
        language_model: PreTrainedModel,
        codec: Codec,
        prompts: Sequence[Prompt],
        capacity: int,
        follow: Sequence[Sequence[Symbol]] | None,
        plan: Plan,
    ) -> None:
        self.language_model = language_model
        self.capacity = capacity
        rows = [Row(at, prompts[at], follow[at] if follow else None) for at in plan.read]
        self.head = head_over(language_model, codec, max((row.prompt.tokens for row in rows), default=1) or 1)
        self.index = {symbol: at for at, symbol in enumerate(self.head.symbols)}
        # Rows that wait for the previous window do not count, so that others can be read meanwhile.
        slots = min(capacity + capacity // 2, len(rows))
        self.cache = RowCache(language_model, slots)
        self.queue = deque(_by_length(rows, plan.before))
        self.context_sizes = {row.place: row.prompt.own_from for row in rows}
        self.followers, self.keys = plan.followers(), plan.keys
        self.contexts = {at: last(context, self.context_sizes[at]) for at, context in plan.contexts.items()}
        self.mentions: dict[int, Context] = {}
        self.rows: list[Row] = []
        self.active = 0
        self.ready: list[tuple[list[Row], Tensor]] = []
        self.free = list(range(slots))
        nothing = [0] * slots
        self.state: State = start(nothing, nothing, nothing, self.head.width, language_model.device)
        self.state.phase.fill_(int(Phase.DONE))
        self.mask = allowed(self.state, self.head.names)


def enter(batch: Batch) -> int:
    """Add rows, if enough are free to justify a separate forward. Returns their number."""
    free = min(len(batch.free), batch.capacity - batch.active, len(batch.queue))
    if free <= 0 or (batch.active and free < min(len(batch.queue), batch.capacity // 4)):
        return 0
    # Longest first, so that rows that are read together have similar lengths.
    new = sorted((batch.queue.popleft() for _ in range(free)), key=lambda row: -len(row.prompt.ids))
    prompts = [row.prompt for row in new]
    fresh = start(
        [prompt.tokens for prompt in prompts],
        [prompt.own_from for prompt in prompts],
        [row.budget for row in new],
        batch.head.width,
        batch.state.phase.device,
    )
    for row in new:
        row.slot = batch.free.pop()
    index = torch.tensor([row.slot for row in new], device=batch.mask.device)
    begin_anew(batch.state, index, fresh)
    batch.mask[index] = allowed(fresh, batch.head.names)
    batch.rows += new
    return free


def settle(batch: Batch) -> None:
    """Choose a symbol in each ready row; then write all forced symbols, and continue waiting rows."""
    if batch.ready:
        rows = [row for some, _ in batch.ready for row in some]
        logits = torch.cat([logits for _, logits in batch.ready])
        batch.ready = []
        _choose(batch, rows, logits)
    while _unblock(batch) | _write_forced(batch):
        pass


def finished(batch: Batch) -> Iterator[tuple[int, Decoded]]:
    """The places and graphs of the finished rows. The others are moved together."""
    ended = [row for row in batch.rows if row.phase == Phase.DONE]
    for row in ended:
        yield row.place, _collected(row)
    batch.free += [row.slot for row in ended]
    active = [at for at, row in enumerate(batch.rows) if row.phase not in _AHEAD]
    waiting = [at for at, row in enumerate(batch.rows) if row.phase == Phase.WAITING]
    order = _few_moves(active, 0) + _few_moves(waiting, len(active))
    batch.cache.move(order, max((row.length for row in batch.rows), default=0))
    batch.rows, batch.active = [batch.rows[at] for at in order], len(active)


def _by_length(rows: Sequence[Row], before: Mapping[int, int]) -> Iterator[Row]:
    """The rows, windows of a report together and in their order, reports with long windows first.

    No row comes before the one that it waits for, which may be of another report: otherwise it would wait forever.
    """
    reports: list[list[Row]] = []
    for row in rows:
        if reports and row.prompt.own_from and reports[-1][-1].place == row.place - 1:
            reports[-1].append(row)
        else:
            reports.append([row])
    home = {row.place: number for number, report in enumerate(reports) for row in report}
    needs = [{home[before[row.place]] for row in report if row.place in before} for report in reports]
    done: set[int] = set()
    for number in sorted(home.values(), key=lambda at: -max(len(row.prompt.ids) for row in reports[at])):
        # Rows only wait for earlier ones, so the loop ends.
        todo = [number]
        while todo:
            missing = needs[todo[-1]] - done - {todo[-1]}
            todo += missing
            if not missing and (at := todo.pop()) not in done:
                done.add(at)
                yield from reports[at]


def _choose(batch: Batch, rows: list[Row], logits: Tensor) -> None:
    slots = torch.tensor([row.slot for row in rows], device=logits.device)
    likely = torch.log_softmax(logits.masked_fill(~batch.mask[slots], -inf), dim=1)
    symbols = likely.argmax(1)
    if rows[0].follow is not None:
        wanted = [batch.index[row.follow[len(row.written)]] for row in rows if row.follow is not None]
        symbols = torch.tensor(wanted, device=symbols.device)
    chosen = likely.gather(1, symbols[:, None])[:, 0].tolist()
    _write(batch, rows, slots, symbols, [(one, True) for one in chosen])


def _write(batch: Batch, rows: list[Row], slots: Tensor, symbols: Tensor, notes: list[tuple[float, bool]]) -> None:
    """Write one symbol in each of the rows; `notes` are its log probability, and whether there was a choice."""
    every = torch.zeros_like(batch.state.phase).scatter(0, slots, symbols)
    on = torch.zeros_like(every, dtype=torch.bool).scatter(0, slots, value=True)
    for row, symbol, (log_probability, chosen) in zip(rows, symbols.tolist(), notes, strict=True):
        if log_probability == -inf:
            raise ValueError(f"the symbol {batch.head.symbols[symbol]} is not allowed where it is to be followed")
        row.written.append(Written(batch.head.symbols[symbol], log_probability, chosen))
        row.pending.append(batch.head.ids[symbol])
    write(batch.state, every, on)
    _look(batch)


def _look(batch: Batch) -> None:
    """Compute the masks, and record each row's phase."""
    batch.mask = allowed(batch.state, batch.head.names)
    phases = batch.state.phase.tolist()
    for row in batch.rows:
        row.phase = phases[row.slot]


def _write_forced(batch: Batch) -> bool:
    """Write symbols that are the only allowed ones. Returns whether there were any."""
    slots = (batch.mask.sum(1) == 1).nonzero()[:, 0]
    if len(slots) == 0:
        return False
    by_slot = {row.slot: row for row in batch.rows}
    rows = [by_slot[slot] for slot in slots.tolist()]
    _write(batch, rows, slots, batch.mask[slots].int().argmax(1), [(0.0, False)] * len(rows))
    return True


def _unblock(batch: Batch) -> bool:
    """Pass mentions to the next windows, and continue those that wait for them. Returns whether any did."""
    for row in batch.rows:
        if row.phase in _AHEAD and not row.told:
            row.told = True
            _tell(batch, row)
    going = [row for row in batch.rows if row.phase == Phase.WAITING and row.place in batch.contexts]
    for row in going:
        give_context(batch.state, row.slot, batch.contexts.pop(row.place))
    if going:
        _look(batch)
    return bool(going)


def _tell(batch: Batch, row: Row) -> None:
    followers = batch.followers.get(row.place, ())
    if followers or row.place in batch.keys:
        tokens = row.prompt.tokens
        context = context_of(batch.state, row.slot, tokens, tokens - row.prompt.own_from)
        if row.place in batch.keys:
            batch.mentions[row.place] = context
        batch.contexts |= {at: last(context, batch.context_sizes[at]) for at in followers}


def _few_moves(kept: list[int], first: int) -> list[int]:
    """The rows `kept` in places from `first` on. A row that is already in one of these places does not move."""
    places = range(first, first + len(kept))
    homeless = iter([at for at in kept if at not in places])
    at_home = set(kept)
    return [place if place in at_home else next(homeless) for place in places]


def _collected(row: Row) -> Decoded:
    truncated = row.follow is None and row.budget - len(row.written) < CLOSING
    if row.prompt.tokens == 0:
        return collect_film(row.written, truncated=truncated)
    return collect(row.written, row.prompt.own_from, truncated=truncated)
