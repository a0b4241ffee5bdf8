"""The fields of an HL7 v2 message (v2.8 chapter 2.5)."""

import re
from collections.abc import Iterator

from ingest.receiving.inspection.parts import Part, part

_LINE = re.compile(r"[^\r\n]+")


def fields(text: str) -> Iterator[Part]:
    """Each field that is not empty: `PID-3`. A line without a segment's name is `line`."""
    header = re.search(r"MSH(.)", text)
    separator = header[1] if header else "|"
    named = re.compile(rf"[A-Z][A-Z0-9]{{2}}(?={re.escape(separator)}|$)")
    for line in _LINE.finditer(text):
        start = line.start() + len(line[0]) - len(line[0].lstrip("\v\x1c\ufeff "))
        if not (name := named.match(text, start, line.end())):
            yield part("line", text, line.start(), line.end())
            continue
        # The separator itself is MSH-1.
        at, number = name.end(), 1 if name[0] == "MSH" else 0
        while at < line.end():
            found = text.find(separator, at + 1, line.end())
            end = line.end() if found < 0 else found
            number += 1
            if end > at + 1:
                yield part(f"{name[0]}-{number}", text, at + 1, end)
            at = end
