"""Times far in the future of a message's receipt: the sender's clock was wrong, or a year was mistyped.

Such a report would take precedence over every later correction. The time of receipt is used instead, with a warning.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from ingest.event_warnings import EventWarning
from ingest.messages import ParsedMessage, ReportFacts, StudyFacts

FUTURE_TIME = EventWarning.FUTURE_TIME
TOLERANCE = timedelta(days=1)
"""A wrong time zone shifts a clock by at most 14 hours."""


def without_future(message: ParsedMessage, received_at: datetime) -> ParsedMessage:
    """The message without times of sending or issuing far after `received_at`. An exam's time only gives a warning."""
    latest = received_at + TOLERANCE
    times = [message.message_time]
    times += [time for study in message.studies for time in (study.started_at, *(r.issued_at for r in study.reports))]
    if not any(time and time > latest for time in times):
        return message
    return replace(
        message,
        message_time=_past(message.message_time, latest, received_at),
        studies=tuple(_study(study, latest, received_at) for study in message.studies),
        warnings=tuple(dict.fromkeys((*message.warnings, FUTURE_TIME))),
    )


def _study(study: StudyFacts, latest: datetime, received_at: datetime) -> StudyFacts:
    return replace(study, reports=tuple(_report(report, latest, received_at) for report in study.reports))


def _report(report: ReportFacts, latest: datetime, received_at: datetime) -> ReportFacts:
    return replace(report, issued_at=_past(report.issued_at, latest, received_at))


def _past(time: datetime | None, latest: datetime, received_at: datetime) -> datetime | None:
    return received_at if time and time > latest else time
