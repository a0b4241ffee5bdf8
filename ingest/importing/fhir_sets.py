"""Files of many FHIR resources: one per line (NDJSON, as in bulk exports), or an array."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic_core import from_json

from ingest.formats.fhir.bundle_splitting import TAKEN, company, kind_of
from ingest.formats.json_text import object_of, utf8_of

WINDOW = 64 * 1024 * 1024
"""Bytes of resources that are processed together, so that a report finds its Patient. Also the limit of an array."""


class Line(NamedTuple):
    """A resource with its number in the file, counted from 1."""

    number: int
    raw: bytes


def messages(lines: list[Line]) -> Iterator[Line]:
    """The messages of a set of resources: each report and study with the resources that it refers to.

    Any other resource that nothing refers to is a separate message, unchanged.
    """
    found = [object_of(utf8_of(line.raw)) for line in lines]
    together = company([{"resource": each} if each else {} for each in found], {})
    taken = [place for place, entry in enumerate(together.entries) if kind_of(entry) in TAKEN]
    beside = {other for place in taken for other in together.of(place)}
    for place, line in enumerate(lines):
        if kind_of(together.entries[place]) in TAKEN:
            yield Line(line.number, together.message(place)) if together.of(place) else line
        elif place not in beside:
            yield line


def resources(raw: bytes) -> list[Line] | None:
    """The elements of a JSON array, or the JSON lines of a file; None for another file."""
    text = utf8_of(raw).strip()
    if text.startswith(b"["):
        return _elements(text)
    first, end, _ = text.partition(b"\n")
    if not end or object_of(first) is None or object_of(text) is not None:
        return None
    return [Line(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _elements(text: bytes) -> list[Line] | None:
    try:
        found: Any = from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return [Line(number, json.dumps(each).encode()) for number, each in enumerate(found, 1)]
