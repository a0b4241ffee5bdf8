"""The input of `vlmkg extract`: one report as plain text, or many in a .jsonl file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from vlmkg.errors import RefusedError, UsageError
from vlmkg.reader import Report


def read_documents(file: Path, image: Path | None) -> Iterator[Report]:
    """The reports of the file; `image` is the film of a single report.

    Raises RefusedError if the file can't be read.
    """
    name = "standard input" if str(file) == "-" else str(file)
    try:
        with click.open_file(str(file), encoding="utf-8") as source:
            yield from _parse(source, name, file, image)
    except OSError as error:
        raise RefusedError(
            f"{name} cannot be read: {error.strerror or type(error).__name__}", "check the path and the permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise RefusedError(f"{name} is not UTF-8 text", "convert the file to UTF-8") from error


def _parse(source: IO[str], name: str, file: Path, image: Path | None) -> Iterator[Report]:
    first = source.readline()
    if file.suffix != ".jsonl" and not (str(file) == "-" and first.lstrip().startswith("{")):
        yield Report(first + source.read(), image, "report" if str(file) == "-" else file.stem)
        return
    if image is not None:
        raise UsageError(
            "--image can't be used with several reports",
            "name each report's film in the .jsonl file, under the key `image`",
        )
    seen: set[str] = set()
    for number, line in enumerate(_lines(first, source), start=1):
        if not line.strip():
            continue
        report = _parse_line(line, f"line {number} of {name}", file.parent)
        if report.key in seen:
            raise RefusedError(f"line {number} of {name} repeats an id", "give each report its own id")
        seen.add(report.key)
        yield report


def _lines(first: str, source: IO[str]) -> Iterator[str]:
    yield first
    yield from source


def _parse_line(line: str, where: str, folder: Path) -> Report:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise RefusedError(f"{where} is not JSON", "correct the line") from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str) or not isinstance(row.get("id"), str | int):
        raise RefusedError(
            f"{where} is not an object with `id` and `text`", 'write the line as {"id": "...", "text": "..."}'
        )
    if not isinstance(row.get("image"), str | None):
        raise RefusedError(f"{where} has an `image` that is not a path", "write the path of the film as a string")
    return Report(row["text"], folder / row["image"] if row.get("image") else None, str(row["id"]))
