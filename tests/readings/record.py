"""Records the readings of the corpus, and compares them with what was recorded.

python -m tests.readings.record                    record, where the reading version says what changed
python -m tests.readings.record --raise-version    raise the version by one where readings changed, and record
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from tests.readings.corpus import READERS, reader, texts
from vlmkg import reading_version
from vlmkg.engine_protocol import Engine, StudyInput, StudyReadings
from vlmkg.pipeline import read_studies, reading_digest

RECORDED = Path(__file__).parent / "recorded.txt"
COMMAND = "make readings"
VERSION_FILE = Path(reading_version.__file__)

_ADAPTER = TypeAdapter(StudyReadings)
_UNSCORED = {"score", "detail"}
"""Left out of a checkpoint's readings: another machine's rounding changes them, and no finding."""


class Record(NamedTuple):
    """Of one engine: what it is (`reading_digest`), and the digest of its reading by that of the text."""

    identity: str
    readings: Mapping[str, str]


def read_all(names: Sequence[str] = READERS) -> dict[str, Record]:
    """The readings as they are now, by the engine's name."""
    found = {}
    for name in names:
        engine = reader(name)
        found[name] = Record(reading_digest(engine), _readings(engine, scored=name != "shipped"))
    return found


def _readings(engine: Engine, *, scored: bool) -> dict[str, str]:
    found = read_studies(engine, [StudyInput((text,)) for text in texts()])
    return {_short(text): _short(_dump(one, scored=scored)) for text, one in zip(texts(), found, strict=True)}


def _dump(readings: StudyReadings, *, scored: bool) -> str:
    """The reading as it would be stored, without fields at their default: a new field alone changes nothing."""
    content = _ADAPTER.dump_python(readings, mode="json", exclude_defaults=True)
    return json.dumps(content if scored else _unscored(content), sort_keys=True)


def _unscored(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unscored(inner) for name, inner in value.items() if name not in _UNSCORED}
    return [_unscored(inner) for inner in value] if isinstance(value, list) else value


def _short(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def load() -> dict[str, Record]:
    """What was recorded, by engine; nothing where there is no record."""
    if not RECORDED.is_file():
        return {}
    rows = [line.split() for line in RECORDED.read_text().splitlines() if line and not line.startswith("#")]
    names = rows[0][1:]
    identities = rows[1][1:]
    return {name: Record(identities[at], {row[0]: row[at + 1] for row in rows[2:]}) for at, name in enumerate(names)}


def save(records: Mapping[str, Record]) -> None:
    """Write the record: one line a text, so that two branches that change different texts merge."""
    keys = [_short(text) for text in texts()]
    lines = [
        f"# Written by `{COMMAND}`: digests of texts and of what each engine reads in them.",
        " ".join(["text", *records]),
        " ".join(["identity", *(record.identity for record in records.values())]),
        *(" ".join([key, *(record.readings[key] for record in records.values())]) for key in keys),
    ]
    RECORDED.write_text("\n".join(lines) + "\n")


def compare(before: Mapping[str, Record], now: Mapping[str, Record]) -> list[str]:
    """What is wrong, in words; empty where the record is true."""
    problems = []
    for name, record in now.items():
        old = before.get(name, Record("", {}))
        changed = [key for key, value in record.readings.items() if old.readings.get(key, value) != value]
        if changed and old.identity == record.identity:
            problems.append(
                f"{name}: {len(changed)} readings changed and the reading version did not "
                f"(first: {_first(changed)!r}). Raise it and record them: {COMMAND} ARGS=--raise-version"
            )
        elif old != record:
            problems.append(f"{name}: {len(changed)} readings changed, the record is out of date: {COMMAND}")
    return problems


def is_undeclared(before: Mapping[str, Record], now: Mapping[str, Record]) -> bool:
    """Whether readings changed under an identity that did not."""
    return any(
        before[name].identity == record.identity
        and any(before[name].readings.get(key, value) != value for key, value in record.readings.items())
        for name, record in now.items()
        if name in before
    )


def _first(changed: Sequence[str]) -> str:
    return next(text for text in texts() if _short(text) == changed[0])[:60]


def main(arguments: Sequence[str]) -> int:
    """Record. Returns 1, and writes nothing, where readings changed and the version did not."""
    before, now = load(), read_all()
    if is_undeclared(before, now):
        if "--raise-version" not in arguments:
            print("\n".join(compare(before, now)), file=sys.stderr)
            return 1
        raise_version(VERSION_FILE)
        # The modules have the old version in them.
        return subprocess.run([sys.executable, "-m", "tests.readings.record"], check=False).returncode
    save(now)
    changed = {key for name, record in now.items() for key in record.readings if _differs(before, name, key, record)}
    print(f"recorded {len(texts())} texts at reading version {reading_version.READING_VERSION}; {len(changed)} changed")
    return 0


def _differs(before: Mapping[str, Record], name: str, key: str, record: Record) -> bool:
    return name not in before or before[name].readings.get(key) != record.readings[key]


def raise_version(file: Path) -> None:
    """Raise READING_VERSION in its module by one. Raises ValueError where the file does not set it exactly once."""
    source, count = re.subn(
        r"^READING_VERSION = (\d+)$",
        lambda found: f"READING_VERSION = {int(found[1]) + 1}",
        file.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    if count != 1:
        raise ValueError(f"{file} sets READING_VERSION {count} times")
    file.write_text(source, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
