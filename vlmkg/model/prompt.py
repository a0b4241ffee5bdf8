"""The language model's prompt for a window, and its target.

    [film prefix] instruction READ  word word @0 word @1 ...  HERE  word @7 word @8 ... STOP word @15 ...  GRAPH
                                    context                         own sentences

A pointer follows its word, so that a causal model that has written `@7` finds the word before the earlier `@7`.
Numbers count from 0 in each window. A film's prompt is its prefix, its instruction, FILM and GRAPH.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from vlmkg.linearization import Symbol, linearize, linearize_film
from vlmkg.model.codec import GRAPH, HERE, STOP, Codec
from vlmkg.model.windows import Window, WindowLimits, split_windows
from vlmkg.numbered_tokens import Label, Numbered, TokenGraph

SYMBOLS_A_TOKEN = 4
"""Most symbols per own token of a window: pointer, label and one edge for every word."""
SPARE_SYMBOLS = 16


class Prompt(NamedTuple):
    """Token ids to read: `stem` is shared by all prompts of a kind, `body` is the window.

    `tokens` is the number of tokens with pointers, 0 in a film's prompt; the first `own_from` are the context. In a
    sequence of prompts one with a context directly follows that of the previous window. `prefix`: position of the
    film prefix among those given to `decode`; None: no film.
    """

    stem: tuple[int, ...]
    body: tuple[int, ...]
    tokens: int
    own_from: int = 0
    prefix: int | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """All ids after the film's prefix."""
        return self.stem + self.body

    @property
    def budget(self) -> int:
        """Most symbols before decoding ends the window."""
        return SYMBOLS_A_TOKEN * (self.tokens - self.own_from) + SPARE_SYMBOLS if self.tokens else 64


def report_windows(
    codec: Codec, numbered: Numbered, positions: int, prefix_length: int = 0, *, whole: bool = False
) -> list[Window]:
    """The windows of a report for a language model with this many positions and a film prefix of this length.

    `whole`: windows of as many sentences as fit. Raises ValueError if the positions are too few for two words.
    """
    costs = [len(codec.spell(token.text)) + 2 + SYMBOLS_A_TOKEN for token in numbered.tokens]
    room = WindowLimits(codec.pointers, positions - prefix_length - len(codec.stem) - SPARE_SYMBOLS - 2, whole)
    return split_windows(numbered, costs, room)


def encode_prompt(codec: Codec, numbered: Numbered, window: Window, prefix: int | None = None) -> Prompt:
    """The prompt of one window."""
    body: list[int] = []
    here, stop = codec.id(HERE), codec.id(STOP)
    for at in range(window.first, window.end):
        if at == window.own:
            body.append(here)
        elif at in window.stops:
            body.append(stop)
        body += codec.spell(numbered.tokens[at].text)
        body.append(codec.symbol_ids[at - window.first])
    body.append(codec.id(GRAPH))
    return Prompt(codec.stem, tuple(body), window.end - window.first, window.own_from, prefix)


def encode_film_prompt(codec: Codec, prefix: int) -> Prompt:
    """The prompt for the facts of one film."""
    return Prompt(codec.film_stem, (codec.id(GRAPH),), 0, 0, prefix)


def encode_target(codec: Codec, graph: TokenGraph, own_from: int = 0) -> list[int]:
    """The token ids to write for a window's graph (`windows.window_graph`), end included.

    Raises ValueError if the graph can't be linearized.
    """
    return to_ids(codec, linearize(graph, own_from))


def encode_film_target(codec: Codec, facts: Iterable[tuple[str, Label]]) -> list[int]:
    """The token ids to write for the facts of one film, end included. Raises ValueError for a name not in the list."""
    return to_ids(codec, linearize_film(facts))


def to_ids(codec: Codec, symbols: Sequence[Symbol]) -> list[int]:
    """The token ids of symbols."""
    return [codec.symbol_ids[codec.index[symbol]] for symbol in symbols]
