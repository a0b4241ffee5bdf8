"""Convert studies to training examples: prompts, targets, and the films before them."""

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
    """One window, or one film: `prompt` ids, then `target` ids. `films` are indices of the chunk's films."""

    prompt: tuple[int, ...]
    target: tuple[int, ...]
    films: tuple[int, ...] = ()

    @property
    def length(self) -> int:
        """Total token ids, without films."""
        return len(self.prompt) + len(self.target)


@dataclass(frozen=True, slots=True)
class Reading:
    """The settings of cutting and encoding reports: codec, positions of the model, prefix embeddings per film."""

    codec: Codec
    positions: int
    whole_report: bool = False
    prefix_length: int = 0


def report_examples(reading: Reading, row: Row, films: tuple[int, ...] = ()) -> Iterator[Example]:
    """One example per window of the report, after the films. Facts that numbered tokens can't express are left out.

    Parts of the text that hold a mention are read, whatever their heading.
    """
    numbered = number(row.report, [(one.start, one.end) for one in row.graph.mentions])
    graph, _ = readable_part(numbered, row.graph)
    prefix = reading.prefix_length * len(films)
    for window in report_windows(reading.codec, numbered, reading.positions, prefix, whole=reading.whole_report):
        prompt = encode_prompt(reading.codec, numbered, window)
        target = encode_target(reading.codec, window_graph(window, graph), window.own_from)
        yield Example(prompt.ids, tuple(target), films)


def film_example(reading: Reading, shown: Iterable[tuple[str, str]], film: int) -> Example:
    """An example with all facts of the film, because it is read without the report."""
    facts = tuple((name, Label(label)) for name, label in shown)
    prompt = encode_film_prompt(reading.codec, 0)
    return Example(prompt.ids, tuple(encode_film_target(reading.codec, facts)), (film,))


def text_examples(reading: Reading, rows: Iterable[Row]) -> list[Example]:
    """Stage 1: every window of every report, no films."""
    return [example for row in rows for example in report_examples(reading, row)]


def visual_examples(
    reading: Reading, rows: Sequence[Row], films: Sequence[tuple[int, ...]], text_only_share: float, rng: Random
) -> list[Example]:
    """Stage 2: reports after their films, films alone, and a share of the reports without their films.

    `films[i]` are the indices of the films of `rows[i]` in the chunk's features.
    """
    found: list[Example] = []
    for row, places in zip(rows, films, strict=True):
        shown = () if rng.random() < text_only_share else places
        found += report_examples(reading, row, shown)
        # Only phantoms have gold film facts; real films do not.
        found += film_examples(reading, row, places)
    return found


def film_examples(reading: Reading, row: Row, places: Iterable[int]) -> list[Example]:
    """Examples of these films alone; none for films without known facts."""
    return [] if row.film is None else [film_example(reading, row.film, film) for film in places]
