"""The readings of one study as the ledger stores them: JSON by reportKey.

This format is stored permanently and read by every rebuild: fields may be added with a default, never renamed.
"""

from collections.abc import Mapping

from pydantic import TypeAdapter

from vlmkg.engine_protocol import Reading

_ADAPTER = TypeAdapter(dict[str, Reading])


def dump_readings(readings: Mapping[str, Reading]) -> str:
    """The readings as JSON, by reportKey in the order given."""
    return _ADAPTER.dump_json(dict(readings)).decode()


def load_readings(result: str) -> dict[str, Reading]:
    """The readings from JSON. Raises pydantic.ValidationError for other data than `dump_readings` writes."""
    return _ADAPTER.validate_json(result)
