"""What the demo sends beside the hospital day, so that every view of the page has something to show.

A report on which the shipped model and the rules disagree, with a film; and a laboratory's result, which is refused.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from stack.simulate.courses import Version, Visit
from stack.simulate.hospital_day import SyntheticMessage, SyntheticPatient, visit_messages
from stack.simulate.traffic import Message, reports_and_films, stamped
from training.synthetic.facts import Fact, Kind, Told

NUMBER = 901
"""The number of the patient and of the study: no day has it."""

_AT = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
_PATIENT = SyntheticPatient(NUMBER, "F", 1951)
_DISPUTED = Visit(
    0,
    "Dyspnea",
    (
        Version(
            "P",
            "Lungs without focal airspace disease but with persistent small left pleural effusion. No pneumothorax.",
            "Small left pleural effusion.",
        ),
        Version(
            "F",
            "Lungs without focal airspace disease but with persistent small left pleural effusion. No pneumothorax. "
            "Heart size is normal.",
            "Small left pleural effusion. Doubt pneumonia.",
        ),
    ),
    film=(Fact(Kind.EFFUSION, Told.BOTH, true=True, drawn=True, size=1, side="left"),),
)


def disputed_reports() -> list[SyntheticMessage]:
    """Both versions of the report on which the two readers disagree."""
    return list(visit_messages(_PATIENT, NUMBER, _AT, _DISPUTED))


def extras() -> Iterator[tuple[datetime, Message]]:
    """The messages, with the times at which a hospital would send them."""
    reports = disputed_reports()
    yield from reports_and_films(reports)
    at = _AT + timedelta(hours=2)
    raw = stamped(
        at,
        "ORU^R01^ORU_R01",
        "LAB1",
        f"PID|1||{_PATIENT.mrn}^^^SYN^MR",
        "OBR|1|L1|L1|24323-8^Comprehensive metabolic panel^LN|||20260112103000",
        "OBX|1|NM|2345-7^Glucose^LN||98|mg/dL|70-99|N|||F",
    )
    yield at, Message("LAB1", raw, reports[-1])
