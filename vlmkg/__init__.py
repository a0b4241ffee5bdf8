"""The domain: schema, reading of reports, normalisation and validation.

    from vlmkg import Reader

    reading = Reader(engine="rules").read("Small left pleural effusion.")

`docs/python.md` is the guide. Modules are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vlmkg.reader import Reader, Report
    from vlmkg.reader_result import Reading

__all__ = ["Reader", "Reading", "Report"]

_HOMES = {"Reader": "vlmkg.reader", "Report": "vlmkg.reader", "Reading": "vlmkg.reader_result"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
