"""Report texts by key, for the API: the graph holds the mentions' own words alone."""

from collections.abc import Sequence

from sqlalchemy import Connection


def texts(connection: Connection, report_keys: Sequence[str]) -> dict[str, str]:
    """The texts of these report versions; unknown keys are absent."""
    raise NotImplementedError
