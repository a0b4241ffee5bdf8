"""Page keys: the order of findings and studies as one indexed string.

A range index leaves out nodes that lack one of its properties, and some feeds often lack the time. Therefore every
finding and study has one property, `pageKey`, that encodes the order: time, unknown last, then key.
"""

from datetime import UTC, datetime

UNKNOWN_TIME = "~"
"""Sorts after every digit."""


def time_part(moment: datetime | None) -> str:
    """The first part of a page key: UTC to the microsecond in fixed width, or UNKNOWN_TIME.

    Raises ValueError for a time without a zone.
    """
    if moment is None:
        return UNKNOWN_TIME
    if moment.tzinfo is None:
        message = "a time of the graph needs a zone"
        raise ValueError(message)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def page_key(moment: datetime | None, key: str) -> str:
    """The page key of `key`: `2024-01-01T08:00:00.000000Z/key`, or `~/key`."""
    return f"{time_part(moment)}/{key}"
