"""Reports of HL7 v2 result messages, as the style of another institution. Their text is not stored or shown.

Training does not import the service, so this reads only what an experiment needs: the text of OBX-5, and the name of
the exam.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from vlmkg.domain import is_chest_radiograph
from vlmkg.errors import UsageError

_WORDS = frozenset({"TX", "FT", "ST"})
_ESCAPES = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\", ".br": "\n"}
_ESCAPE = re.compile(r"\\(F|S|T|R|E|\.br)\\")


class FeedReport(NamedTuple):
    """The text of one message, and whether its exam is a chest radiograph."""

    text: str
    chest: bool


def read_feeds(folder: Path) -> list[FeedReport]:
    """The reports of all .jsonl files (key `raw`) below the folder, each text once. Raises UsageError without any."""
    found: dict[str, FeedReport] = {}
    for path in sorted(folder.rglob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            report = read_message(str(json.loads(line).get("raw", "")))
            if report.text:
                found.setdefault(report.text, report)
    if not found:
        raise UsageError(
            f"{folder} has no messages with report text",
            "expected: .jsonl files with a message under `raw` in each line",
        )
    return list(found.values())


def read_message(raw: str) -> FeedReport:
    """One message. Its text is empty if no OBX has words."""
    segments = [line.split("|") for line in raw.replace("\n", "\r").split("\r")]
    lines = [_unescaped(segment[5]) for segment in segments if segment[0] == "OBX" and _field(segment, 2) in _WORDS]
    text = "\n".join(lines).strip()
    names = list(_exams(segments))
    return FeedReport(text, is_chest_radiograph(None, None, " ".join(names), text))


def _exams(segments: list[list[str]]) -> Iterator[str]:
    """The words of OBR-4."""
    for segment in segments:
        if segment[0] == "OBR":
            yield from _field(segment, 4).split("^")[:2]


def _field(segment: list[str], number: int) -> str:
    return segment[number] if number < len(segment) else ""


def _unescaped(value: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES[found[1]], value.replace("~", "\n"))
