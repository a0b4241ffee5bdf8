"""The symbols that each row may write next. Shapes as in `state`."""

import torch
from torch import Tensor

from vlmkg.model.decoding.state import (
    ANATOMY,
    CLOSING,
    END,
    FILM,
    LABELS,
    LINKS,
    OBSERVATION,
    RELATIONS,
    TO,
    Phase,
    State,
)


def allowed(state: State, names: int) -> Tensor:
    """(B, S) the allowed symbols of each row; none if it waits or is finished. `names` is F.

    Pointers: a mention begins after the last one and no later than the next promised one; it ends before the next
    promise. Tails as in `_tails`. The graph does not end with an open promise, unless the budget has ended.
    """
    rows, width = state.begun.shape
    at = torch.arange(width, device=state.begun.device)
    phase, spent = state.phase[:, None], (state.left <= CLOSING)[:, None]
    promise = torch.where(state.promised, at, state.tokens[:, None]).amin(1, keepdim=True)
    behind = at >= state.cursor[:, None]
    tails = _tails(state, at, behind)
    between, linked = (phase == Phase.BETWEEN) & ~spent, (phase == Phase.LINKED) & ~spent
    pointed, film = phase == Phase.POINTED, phase == Phase.FILM
    labelled, named = pointed | (phase == Phase.SPANNED), phase == Phase.NAMED
    kept, context = promise >= state.tokens[:, None], state.own_from[:, None] > 0
    kind = state.kinds.gather(1, state.head.clamp(min=0)[:, None])

    mask = torch.zeros(rows, width + FILM + names, dtype=torch.bool, device=at.device)
    written = state.relation.clamp(min=0)[:, None, None].expand(-1, 1, width)
    mask[:, :width] = (
        (between & behind & (at <= promise) & (at < state.tokens[:, None]))
        | ((phase == Phase.EXTENDED) & behind & (at < promise))
        | ((phase == Phase.RELATED) & tails.gather(1, written)[:, 0])
        | (linked & _link_heads(state, at))
    )
    symbols = mask[:, width:]
    symbols[:, LABELS : LABELS + 1] = labelled & (kind != OBSERVATION)
    symbols[:, LABELS + 1 : RELATIONS] = (labelled & (kind != ANATOMY)) | named
    symbols[:, RELATIONS:TO] = (between | linked | (phase == Phase.HEADED)) & tails.any(2)
    symbols[:, TO:LINKS] = pointed & ~spent & (state.cursor[:, None] < promise)
    symbols[:, LINKS:END] = between & kept & context
    ending = (between & kept & ~context) | (spent & (phase == Phase.BETWEEN))
    symbols[:, END:FILM] = ending | (phase == Phase.LINKED) | film
    symbols[:, FILM:] = film & ~spent & (torch.arange(names, device=at.device) > state.name[:, None])
    return mask


def _tails(state: State, at: Tensor, behind: Tensor) -> Tensor:
    """(B, R, N) the allowed tails for each relation of the current head.

    A tail is a mention of the right kind or, ahead, a token without another statement. It comes after those already
    written, so that no edge is repeated. The head can't modify a mention that modifies it.
    """
    head = state.head.clamp(min=0)[:, None]
    kinds, own = state.kinds, at >= state.own_from[:, None]
    known = state.begun & (at != head)
    # Across windows: mentions of the other window. Inside: own mentions, or tokens ahead, promised or free.
    across = known & (own != (head >= state.own_from[:, None]))
    ahead = behind & (at < state.tokens[:, None])
    reachable = torch.where(state.linking[:, None], across, (known & own) | ahead)
    free = ahead & ~state.promised & ~state.linking[:, None]
    head_kind = kinds.gather(1, head)
    anatomy, observation = (kinds == ANATOMY) | free, (kinds == OBSERVATION) | free
    observed = head_kind == OBSERVATION
    circle = state.reach.gather(2, head[:, :, None].expand(-1, at.numel(), 1))[:, :, 0]
    fitting = torch.stack(
        (torch.where(observed, observation, anatomy) & ~circle, anatomy & observed, observation & observed), dim=1
    )
    relation = torch.arange(fitting.shape[1], device=at.device)[:, None]
    last = state.relation[:, None, None]
    later = (relation > last) | ((relation == last) & (at > state.tail[:, None, None]))
    return fitting & reachable[:, None] & later & (state.head >= 0)[:, None, None]


def _link_heads(state: State, at: Tensor) -> Tensor:
    """(B, N) mentions, after the last head, that may have an edge across the border."""
    heads = torch.zeros_like(state.begun)
    rows = (state.phase == Phase.LINKED).nonzero()[:, 0]
    if len(rows) == 0:
        return heads
    begun, kinds = state.begun[rows], state.kinds[rows]
    own = at >= state.own_from[rows, None]
    border = own[:, :, None] != own[:, None, :]
    both = border & begun[:, :, None] & begun[:, None, :]
    observed, anatomy = (kinds == OBSERVATION)[:, :, None], (kinds == ANATOMY)[:, None, :]
    # An observation may suggest or be located at anything there; anatomy may modify anatomy that does not modify it.
    edge = observed | (anatomy & ~state.reach[rows].transpose(1, 2))
    heads[rows] = (both & edge).any(2) & (at > state.head[rows, None])
    return heads
