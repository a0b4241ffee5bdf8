"""The declared version of the reading code, and the digest of its data.

An extraction is identified by its inputs and by the reader: `vlmkg.pipeline.reading_digest` joins this version with the
digests of the lexicon, the vocabulary, the normaliser's tables and the checkpoint's files. It does not include source
files, so a corrected docstring leaves every stored extraction valid (docs/decisions/0205-declared-reading-version.md).
"""

import json
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

READING_VERSION = 4
"""Raise this by one when a change of code changes a reading of a report or film.

Code means everything between a text and its stored reading: sections, sentences, tokens, rules, the model's windows,
prompts and decoding, the comparison of two witnesses, normalisation, validation. A change of data (a word of the
lexicon, a row of a table, a checkpoint) needs no new version, because it changes the digest. `make readings
ARGS=--raise-version` raises it and records the new readings; `tests/readings` fails if readings changed and the version
did not.
"""


def data_digest(tables: Mapping[str, object]) -> str:
    """SHA-256 (hex) over loaded data by name.

    Data are dataclasses, mappings, sets, sequences, enumerations, texts, numbers and None, arbitrarily nested. The
    order of a sequence counts, that of a mapping or set does not. Raises TypeError for anything else.
    """
    return sha256(json.dumps(_plain(tables), ensure_ascii=True).encode()).hexdigest()


def _plain(value: object) -> Any:
    """The value as JSON that is the same for equal values."""
    match value:
        case Enum():
            return f"{type(value).__name__}.{value.name}"
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return ["mapping", *_sorted([_plain(key), _plain(inner)] for key, inner in value.items())]
        case Set():
            return ["set", *_sorted(_plain(inner) for inner in value)]
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _ if is_dataclass(value):
            return ["fields", *([one.name, _plain(getattr(value, one.name))] for one in fields(value))]
    raise TypeError(f"{type(value).__name__} can't be digested")


def _sorted(values: Any) -> list[Any]:
    return sorted(values, key=json.dumps)
