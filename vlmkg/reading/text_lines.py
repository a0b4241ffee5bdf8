"""The lines of a text, by offsets."""

from collections.abc import Iterator


def lines(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """(start, end) of each line of `text[start:end]` without its line break, empty ones too, in text order."""
    stop = len(text) if end is None else end
    while start < stop:
        at = text.find("\n", start, stop)
        at = stop if at < 0 else at
        yield start, at
        start = at + 1
