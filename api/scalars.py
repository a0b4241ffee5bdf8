"""Times: ISO 8601 in and out, always with a zone. A time without a zone is read as UTC."""

from datetime import UTC, datetime
from typing import NewType

import strawberry
from graphql import GraphQLError

DateTime = NewType("DateTime", datetime)


def read_time(value: object) -> datetime:
    """An aware time. A date without time is its first moment."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise GraphQLError("the DateTime is not ISO 8601: write it as 2024-03-01T08:30:00Z or 2024-03-01")
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def show_time(value: datetime | str) -> str:
    """ISO 8601 in UTC, to the second or finer.

    The graph returns times as text, perhaps with a zone's name at the end.
    """
    found = datetime.fromisoformat(value.partition("[")[0]) if isinstance(value, str) else value
    return found.astimezone(UTC).isoformat().replace("+00:00", "Z")


DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="A time as ISO 8601. Output is in UTC; input without a zone is read as UTC.",
    serialize=show_time,
    parse_value=read_time,
)
