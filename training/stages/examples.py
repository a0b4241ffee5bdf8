"""From studies to what the model is trained on: prompts, targets, and the films that stand before them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from training.data.rows import Row
from vlmkg.model.codec import Codec
from vlmkg.model.prompt import encode_film_prompt, encode_film_target, encode_prompt, encode_target, report_windows
from vlmkg.model.windows import window_graph
from vlmkg.numbered_tokens import Label, number, readable_part


@dataclass(frozen=True, slots=True)
class Example:
    """One window, or one film: `prompt` ids, then `target` ids. `films` are places in the chunk's films."""

    prompt: tuple[int, ...]
    target: tuple[int, ...]
    films: tuple[int, ...] = ()

    @property
    def length(self) -> int:
        """Token ids in all; films come on top."""
        return len(self.prompt) + len(self.target)


@dataclass(frozen=True, slots=True)
class Reading:
    """How reports are cut and encoded: the codec, the model's positions, the prefix embeddings of a film."""

    codec: Codec
    positions: int
    whole_report: bool = False
    prefix_length: int = 0


def report_examples(reading: Reading, row: Row, films: tuple[int, ...] = ()) -> Iterator[Example]:
    """One example a window of the report, behind the films. What no numbered token can say is left out."""
    numbered = number(row.report)
    graph, _ = readable_part(numbered, row.graph)
    prefix = reading.prefix_length * len(films)
    for window in report_windows(reading.codec, numbered, reading.positions, prefix, whole=reading.whole_report):
        prompt = encode_prompt(reading.codec, numbered, window)
        target = encode_target(reading.codec, window_graph(window, graph), window.own_from)
        yield Example(prompt.ids, tuple(target), films)


def film_example(reading: Reading, shown: Iterable[tuple[str, str]], film: int) -> Example:
    """What the film shows, all of it: whoever looks at it has not read the report."""
    facts = tuple((name, Label(label)) for name, label in shown)
    prompt = encode_film_prompt(reading.codec, 0)
    return Example(prompt.ids, tuple(encode_film_target(reading.codec, facts)), (film,))


def text_examples(reading: Reading, rows: Iterable[Row]) -> list[Example]:
    """Stage 1: every window of every report, no films."""
    return [example for row in rows for example in report_examples(reading, row)]


def visual_examples(
    reading: Reading, rows: Sequence[Row], films: Sequence[tuple[int, ...]], text_only_share: float, rng: Random
) -> list[Example]:
    """Stage 2: reports behind their films, films by themselves; a share of the reports without their films.

    `films[i]` are the places of the films of `rows[i]` in the chunk's features.
    """
    found: list[Example] = []
    for row, places in zip(rows, films, strict=True):
        shown = () if rng.random() < text_only_share else places
        found += report_examples(reading, row, shown)
        # What a film shows is known of phantoms; of real films there is no such gold.
        found += film_examples(reading, row, places)
    return found


def film_examples(reading: Reading, row: Row, places: Iterable[int]) -> list[Example]:
    """The films at these places by themselves; none where it is not known what they show."""
    return [] if row.film is None else [film_example(reading, row.film, film) for film in places]
