"""The declared version of the code that reads, and the digest of the data that it reads with.

An extraction is known by what was read and by what read it: `vlmkg.pipeline.reading_digest` joins this version with the
digests of the lexicon, the vocabulary, the normaliser's tables and the checkpoint's files. It does not look at source
files, so a corrected docstring leaves every stored extraction valid (docs/decisions/0205-declared-reading-version.md).
"""

import json
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

READING_VERSION = 3
"""Raise this by one when a change of code changes what is read, in a report or in a film.

Code is all between a text and its stored reading: sections, sentences, tokens, rules, the model's windows, prompts and
decoding, the comparison of two witnesses, normalisation, validation. A change of data (a word of the lexicon, a row of
a table, a checkpoint) needs no new version: its digest changes by itself. `make readings ARGS=--raise-version` raises
it and records the new readings; `tests/readings` fails where readings changed and the version did not.
"""


def data_digest(tables: Mapping[str, object]) -> str:
    """SHA-256 (hex) over loaded data by name.

    Data are dataclasses, mappings, sets, sequences, enumerations, texts, numbers and None, nested as you like. The
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
    raise TypeError(f"{type(value).__name__} is not data that has a digest")


def _sorted(values: Any) -> list[Any]:
    return sorted(values, key=json.dumps)
