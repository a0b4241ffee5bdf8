"""The masks against the twin: all graphs over a few tokens, listed by brute force."""

import random

import pytest
import torch

from tests.vlmkg.model.every_graph import LABELS, continuations, graphs
from vlmkg.linearization import END as END_SYMBOL
from vlmkg.linearization import LINKS as LINKS_SYMBOL
from vlmkg.linearization import TO as TO_SYMBOL
from vlmkg.linearization import film_names, pointer
from vlmkg.model.decoding.masks import allowed
from vlmkg.model.decoding.state import Phase, State, context_of, give_context, start
from vlmkg.model.decoding.writing import write
from vlmkg.numbered_tokens import RELATIONS, Edge, Label, Span
from vlmkg.schema import RelationType

CPU = torch.device("cpu")
NAMES = film_names()


def symbols(width: int) -> list[str]:
    numbers = [pointer(at) for at in range(width)]
    return [*numbers, *map(str, (*Label, *RELATIONS)), TO_SYMBOL, LINKS_SYMBOL, END_SYMBOL, *NAMES]


def only(state: State, word: str, width: int) -> None:
    write(state, torch.tensor([symbols(width).index(word)]), torch.tensor([True]))


def walk(window: tuple[int, int, int], width: int, following, walks: int, context=None) -> None:
    """Random walks, all rows at once; at each step each row's mask must be what the twin says."""
    names = symbols(width)
    state = start(*([value] * walks for value in window), width, CPU)
    written: list[tuple[str, ...]] = [()] * walks
    choose = random.Random(5)
    while True:
        for row in (state.phase == Phase.WAITING).nonzero()[:, 0].tolist():
            give_context(state, row, context)
        live = [row for row in range(walks) if state.phase[row] != Phase.DONE]
        if not live:
            break
        mask = allowed(state, len(NAMES))
        steps = torch.zeros(walks, dtype=torch.long)
        for row in live:
            found = {names[at] for at in mask[row].nonzero()[:, 0].tolist()}
            alike = {Label.PRESENT, Label.UNCERTAIN} if Label.ABSENT in found else set()
            assert found - alike == following[written[row]], written[row]
            options = sorted(following[written[row]])
            # Long ways say more: relations and further mentions are preferred to the end.
            symbol = choose.choice(
                [one for one in options if one != END_SYMBOL] or options if choose.random() < 0.8 else options
            )
            written[row] += (symbol,)
            steps[row] = names.index(symbol)
        write(state, steps, torch.tensor([row in live for row in range(walks)]))
    assert len(set(written)) > walks // 20


@pytest.mark.parametrize("tokens", [1, 2, 3])
def test_masks_allow_what_every_graph_allows(tokens):
    following = continuations(graphs(0, tokens, LABELS))
    # A row of a shorter window than the batch's longest: its width is not its own.
    walk((tokens, 0, 99), tokens + 2, following, walks=[4, 40, 400][tokens - 1])


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("own", [1, 2])
def test_masks_across_windows(label, own):
    context = (Span(0, 0, label), Span(2, 2, Label.ANATOMY))
    held = (Edge(0, RelationType.MODIFY, 2),) if label is Label.ANATOMY else ()
    before = start([3], [0], [99], 5, CPU)
    for word in ("@0", label, *(["modify", "@2"] if held else []), "@2", "A", "end"):
        only(before, word, 5)
    following = continuations(graphs(3, 3 + own, LABELS, context, held), own_from=3)
    walk((3 + own, 3, 99), 5, following, 200, context_of(before, 0, 3, 3))


def test_masks_of_films():
    names = symbols(2)
    state = start([2, 0], [0, 0], [99, 99], 2, CPU)

    def found():
        return [names[at] for at in allowed(state, len(NAMES))[1].nonzero()[:, 0].tolist()]

    def put(word):
        write(state, torch.tensor([0, names.index(word)]), torch.tensor([False, True]))

    assert found() == ["end", *NAMES]
    put(NAMES[3])
    assert found() == ["P", "U", "N"]
    put("N")
    assert found() == ["end", *NAMES[4:]]
    put("end")
    assert found() == []
    assert int(state.phase[0]) == Phase.BETWEEN


@pytest.mark.parametrize("budget", range(4, 24))
@pytest.mark.parametrize("seed", range(4))
def test_spent_budget_closes_the_mention_and_ends(budget, seed):
    """Whatever was written, the end comes within the budget, and no row is ever without a choice."""
    torch.manual_seed(seed)
    rows, width = 30, 12
    state = start([12] * rows, [0] * rows, [budget] * rows, width, CPU)
    for _ in range(budget):
        mask = allowed(state, 0)
        live = state.phase != Phase.DONE
        assert (mask.any(1) == live).all()
        choice = torch.where(live[:, None], mask, True).float().multinomial(1)[:, 0]
        write(state, choice, live)
    assert (state.phase == Phase.DONE).all()
