"""The precedence of messages: by status (P < F < C < X), then issued time, message time and digests.

The order of arrival has an effect only if status and both times are equal: for versions of a report, the message that
arrived later then takes precedence (versions.py), before the digests.
"""

from datetime import UTC, datetime

STATUS_RANK = {"P": 0, "F": 1, "C": 2, "X": 3}
"""Rank of ingest.messages.ReportStatus. Images have no status and stand below."""

Precedence = tuple[int, datetime, datetime, str, str]

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def precedence(
    status: str | None, issued_at: datetime | None, message_time: datetime | None, content: str, message: str
) -> Precedence:
    """The sort key of a message. An unknown time is earlier than any other.

    `content` is the digest of the text or image, `message` that of the raw bytes: they break ties.
    """
    rank = -1 if status is None else STATUS_RANK[status]
    return rank, issued_at or _BEFORE_ALL, message_time or _BEFORE_ALL, content, message
