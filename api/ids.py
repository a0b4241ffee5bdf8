"""Global ids: the type and its key, `Finding:3fa9...`. They are readable because they appear in logs."""

from api.errors import ApiError, Code

TYPES = ("Finding", "Patient", "Study", "Concept", "Event")
"""The types that `node` returns."""


def split(global_id: str) -> tuple[str, str]:
    """The type and the key. Raises ApiError (BAD_USER_INPUT)."""
    type_, separator, key = global_id.partition(":")
    if not separator or type_ not in TYPES or not key:
        raise ApiError(
            Code.BAD_USER_INPUT,
            f"the id is malformed: use the value of a field `id`, which is one of {', '.join(TYPES)}, a "
            "colon, and a key",
        )
    return type_, key


def event_number(given: str) -> int | None:
    """The event's number of `Event:12` or `12`; None if there can't be such an event."""
    digits = given.removeprefix("Event:")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None
