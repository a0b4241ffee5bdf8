"""Write one symbol in each row. Shapes as in `state`."""

import torch
from torch import Tensor

from vlmkg.model.decoding.state import (
    ANATOMY,
    END,
    FILM,
    LABELS,
    LINKS,
    LOCATED_AT,
    MODIFY,
    OBSERVATION,
    RELATIONS,
    TO,
    Phase,
    State,
)

_AFTER_POINTER = {Phase.BETWEEN: Phase.POINTED, Phase.EXTENDED: Phase.SPANNED, Phase.LINKED: Phase.HEADED}


def write(state: State, symbols: Tensor, on: Tensor) -> None:
    """Write `symbols` (B,) in the rows that are `on` (B,). Each must be allowed there: this is not checked."""
    phase, kind = state.phase, symbols - state.begun.shape[1]
    pointer, label = on & (kind < LABELS), on & (kind >= LABELS) & (kind < RELATIONS)
    relation, links = on & (kind >= RELATIONS) & (kind < TO), on & (kind == LINKS)
    tail = pointer & (phase == Phase.RELATED)
    mention = label & (phase != Phase.NAMED)
    state.left = state.left - on.long()
    state.linking = state.linking | links
    home = torch.where(state.linking, int(Phase.LINKED), int(Phase.BETWEEN))

    _begin(state, symbols, pointer & (phase == Phase.BETWEEN))
    state.cursor = torch.where(pointer & ~state.linking & ~tail, symbols + 1, state.cursor)
    _new_head(state, symbols, pointer & (phase == Phase.LINKED))
    _new_head(state, torch.full_like(symbols, -1), links)
    _put(state.kinds, state.head, torch.where(kind == 0, ANATOMY, OBSERVATION), mention)
    _relate(state, symbols, tail)
    written = kind - RELATIONS
    state.tail = torch.where(relation & (written != state.relation), -1, state.tail)
    state.relation = torch.where(relation, written, state.relation)
    state.name = torch.where(on & (kind >= FILM), kind - FILM, state.name)

    after = torch.where(tail | mention, home, phase)
    for before, following in _AFTER_POINTER.items():
        after = torch.where(pointer & (phase == before), int(following), after)
    for chosen, following in (
        (label & (phase == Phase.NAMED), Phase.FILM),
        (relation, Phase.RELATED),
        (on & (kind == TO), Phase.EXTENDED),
        (links, Phase.WAITING),
        (on & (kind == END), Phase.DONE),
        (on & (kind >= FILM), Phase.NAMED),
    ):
        after = torch.where(chosen, int(following), after)
    state.phase = after


def _begin(state: State, first: Tensor, on: Tensor) -> None:
    """Begin a mention, which fulfils a promise of it."""
    _put(state.begun, first, torch.ones_like(first), on)
    _put(state.promised, first, torch.zeros_like(first), on)
    _new_head(state, first, on)


def _new_head(state: State, head: Tensor, on: Tensor) -> None:
    state.head = torch.where(on, head, state.head)
    state.relation = torch.where(on, -1, state.relation)
    state.tail = torch.where(on, -1, state.tail)


def _relate(state: State, tail: Tensor, on: Tensor) -> None:
    """Write an edge: a tail ahead is promised, and the closure of `modify` is updated."""
    state.tail = torch.where(on, tail, state.tail)
    spot = tail.clamp(max=state.begun.shape[1] - 1)[:, None]
    ahead = on & ~state.begun.gather(1, spot)[:, 0]
    head_kind = state.kinds.gather(1, state.head.clamp(min=0)[:, None])[:, 0]
    wanted = torch.where(state.relation == LOCATED_AT, ANATOMY, OBSERVATION)
    wanted = torch.where(state.relation == MODIFY, head_kind.long(), wanted)
    _put(state.promised, tail, torch.ones_like(tail), ahead)
    _put(state.kinds, tail, wanted, ahead)
    rows = (on & (state.relation == MODIFY)).nonzero()[:, 0]
    if len(rows):
        head, end, each = state.head[rows], tail[rows], torch.arange(len(rows), device=tail.device)
        reach = state.reach[rows]
        sources, targets = reach[each, :, head], reach[each, end]
        sources[each, head] = True
        targets[each, end] = True
        state.reach[rows] = reach | (sources[:, :, None] & targets[:, None, :])


def _put(table: Tensor, at: Tensor, value: Tensor, on: Tensor) -> None:
    """table[row, at[row]] = value[row] in the rows that are on."""
    spot = at.clamp(0, table.shape[1] - 1)[:, None]
    kept = table.gather(1, spot)
    table.scatter_(1, spot, torch.where(on[:, None], value[:, None].to(table.dtype), kept))
