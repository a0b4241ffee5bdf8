"""The state of the automaton: what each row of a batch has written so far, in tensors.

No grammar tool can express the target form: a pointer must refer to a token of this report, a tail must be a mention of
the right kind or a promise of one, and `modify` must have no cycle. So the state is kept as tensors, and one call
computes the masks of all rows. It depends only on the number of tokens and the schema.

Shapes, here and in `masks` and `writing`: B rows, N pointers of the batch's longest window, F film names,
S = N + FILM + F symbols in the order of `codec.symbols`.
"""

from dataclasses import dataclass, fields
from enum import IntEnum

import torch
from torch import Tensor

from vlmkg import numbered_tokens
from vlmkg.schema import RelationType

ANATOMY, OBSERVATION = 1, 2
MODIFY, LOCATED_AT, SUGGESTIVE_OF = (
    numbered_tokens.RELATIONS.index(kind)
    for kind in (RelationType.MODIFY, RelationType.LOCATED_AT, RelationType.SUGGESTIVE_OF)
)
LABELS, RELATIONS = 0, len(numbered_tokens.Label)
TO = RELATIONS + len(numbered_tokens.RELATIONS)
LINKS, END, FILM = TO + 1, TO + 2, TO + 3
"""Indices of the symbols after the pointers, in the order of `codec.symbols`."""
CLOSING = 4
"""The maximum number of symbols needed to close a window: if no more are left, only closing symbols are allowed."""


class Phase(IntEnum):
    """What a row may write next, or waits for."""

    BETWEEN = 0
    POINTED = 1
    EXTENDED = 2
    SPANNED = 3
    RELATED = 4
    LINKED = 5
    HEADED = 6
    FILM = 7
    NAMED = 8
    WAITING = 9
    DONE = 10


@dataclass(slots=True)
class State:
    """One row per window. A film's prompt is a row without tokens."""

    tokens: Tensor
    """(B,) tokens of the window."""
    own_from: Tensor
    """(B,) the first own token."""
    left: Tensor
    """(B,) symbols left of the budget."""
    phase: Tensor
    """(B,) Phase."""
    linking: Tensor
    """(B,) whether LINKS is written: later edges are between context and own tokens."""
    cursor: Tensor
    """(B,) the first token after the last mention."""
    head: Tensor
    """(B,) the first token of the mention whose edges are written, -1 if there is none."""
    relation: Tensor
    """(B,) the last written relation of this head, -1 if there is none."""
    tail: Tensor
    """(B,) the last written tail of this head and relation, -1 if there is none."""
    name: Tensor
    """(B,) the last written film name, -1 if there is none."""
    begun: Tensor
    """(B, N) a mention begins here."""
    promised: Tensor
    """(B, N) an edge has promised a mention that begins here."""
    kinds: Tensor
    """(B, N) kind of the mention that begins here, or is promised; 0 if there is none."""
    reach: Tensor
    """(B, N, N) the mention at the first token modifies the one at the second, directly or indirectly."""


def start(tokens: list[int], own_from: list[int], budgets: list[int], width: int, device: torch.device) -> State:
    """The state before anything is written. `width` is N."""
    count = len(tokens)
    number = torch.tensor([tokens, own_from, budgets], dtype=torch.long, device=device)
    none = torch.full((count,), -1, device=device)
    bare = torch.zeros(count, width, dtype=torch.bool, device=device)
    return State(
        tokens=number[0],
        own_from=number[1],
        left=number[2].clone(),
        phase=torch.where(number[0] > 0, int(Phase.BETWEEN), int(Phase.FILM)),
        linking=bare.any(1),
        cursor=number[1].clone(),
        head=none,
        relation=none.clone(),
        tail=none.clone(),
        name=none.clone(),
        begun=bare,
        promised=bare.clone(),
        kinds=torch.zeros(count, width, dtype=torch.int8, device=device),
        reach=torch.zeros(count, width, width, dtype=torch.bool, device=device),
    )


def begin_anew(state: State, index: Tensor, fresh: State) -> None:
    """Replace the rows at `index` by new ones."""
    for field in fields(State):
        getattr(state, field.name)[index] = getattr(fresh, field.name)


Context = tuple[Tensor, Tensor, Tensor]
"""For the last tokens of a window: begun, kinds, reach."""


def context_of(state: State, row: int, tokens: int, count: int) -> Context:
    """The mentions of the last `count` of a row's `tokens`: the context of the next window."""
    part = slice(tokens - count, tokens)
    begun = state.begun[row, part]
    return begun.clone(), state.kinds[row, part] * begun, state.reach[row, part, part].clone()


def last(context: Context, count: int) -> Context:
    """The last `count` tokens of a context."""
    begun, kinds, reach = context
    first = len(begun) - count
    return begun[first:], kinds[first:], reach[first:, first:]


def give_context(state: State, row: int, context: Context) -> None:
    """Continue a waiting row with the mentions of its context."""
    begun, kinds, reach = context
    count = len(begun)
    state.begun[row, :count] = begun
    state.kinds[row, :count] = kinds
    state.reach[row, :count, :count] = reach
    state.phase[row] = int(Phase.LINKED)
