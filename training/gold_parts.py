"""The parts of a gold file: errors of the first reports by id may be inspected, the others are only scored."""

from collections.abc import Iterator, Mapping

from training.documents import Raw

FIRST = 20


def gold_parts(gold: Mapping[str, Raw]) -> Iterator[tuple[str, dict[str, Raw]]]:
    """Name and reports of each part, and of the whole."""
    keys = sorted(gold)
    yield f"first {len(keys[:FIRST])}", {key: gold[key] for key in keys[:FIRST]}
    if keys[FIRST:]:
        yield f"other {len(keys[FIRST:])}", {key: gold[key] for key in keys[FIRST:]}
    yield "all", {key: gold[key] for key in keys}
