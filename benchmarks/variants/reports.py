"""Invented reports as models: what the sender means, whatever it is written in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

INDICATION, HISTORY, COMPARISON = "INDICATION", "HISTORY", "COMPARISON"
FINDINGS, IMPRESSION = "FINDINGS", "IMPRESSION"

_ASKED = (
    "Cough and fever.",
    "Rule out pneumonia.",
    "Chest pain, question of rib fracture.",
    "Status post fall; pneumothorax?",
    "Evaluate for pulmonary edema.",
)
_BEFORE = ("None.", "Radiograph of last year showed a right effusion.", "Prior CT with a nodule.")
_SEEN = (
    ("Heart size is normal.", "There is a small left pleural effusion.", "No pneumothorax."),
    ("The lungs are clear.", "Degenerative changes of the spine are present."),
    ("Patchy opacity in the right lower lobe.", "No pleural effusion or pneumothorax.", "Mild cardiomegaly."),
    ("A nodule of 5 mm (± 1) lies in the right upper lobe.", "The mediastinum is not widened."),
    ("Moderate right pneumothorax.", "The left lung is clear.", "No acute fracture of the ribs."),
    ("Bibasilar atelectasis.", "Endotracheal tube in good position.", "Possible small right effusion & edema."),
    (
        "Hyperinflated lungs with flat diaphragms.",
        "No focal consolidation.",
        "Tip of the tube < 2 cm from the carina.",
    ),
    ("Opacity in the right lower lobe, 2 < 3 cm & unchanged.", "Heart normal in size (index after Müller)."),
    ("The heart is enlarged; no edema.", "Old fracture of the left 6th rib.", "The lungs are clear."),
)
_SAID = (
    ("Small left pleural effusion.",),
    ("No acute cardiopulmonary process.",),
    ("Right lower lobe opacity, likely pneumonia.", "Mild cardiomegaly."),
    ("Right upper lobe nodule.",),
    ("Right pneumothorax.", "No rib fracture."),
)


@dataclass(frozen=True, slots=True)
class Report:
    """One final report of one chest film. Sections are headings with their lines, each line a sentence."""

    authority: str
    patient: str
    sex: str
    """female or male."""
    born: str
    """YYYY-MM-DD."""
    system: str
    """Who numbers the reports."""
    number: str
    accession: str
    study_uid: str
    procedure: str
    started: datetime
    issued: datetime
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    def lines(self, heading: str) -> tuple[str, ...]:
        """The lines under a heading; none where the report has it not."""
        return dict(self.sections).get(heading, ())

    @property
    def text(self) -> str:
        """The report as plain text: a heading a line, a sentence a line, an empty line between sections."""
        return "\n\n".join("\n".join((f"{heading}:", *lines)) for heading, lines in self.sections)


def reports(count: int = 20) -> list[Report]:
    """The first `count` of them, the same at each call."""
    return list(islice(_reports(), count))


def _reports() -> Iterator[Report]:
    number = 0
    while True:
        yield _report(number)
        number += 1


def _report(number: int) -> Report:
    started = datetime(2026, 1, 5, 9, tzinfo=UTC) + timedelta(days=number, minutes=7 * number)
    sections = [(FINDINGS, _SEEN[number % len(_SEEN)])]
    if number % 5 != 4:
        sections.append((IMPRESSION, _SAID[number % len(_SAID)]))
    if number % 3:
        asked = HISTORY if number % 2 else INDICATION
        sections.insert(0, (asked, (_ASKED[number % len(_ASKED)],)))
    if number % 4 == 1:
        sections.insert(1, (COMPARISON, (_BEFORE[number % len(_BEFORE)],)))
    return Report(
        authority="NORTH",
        patient=str(7000 + number),
        sex=("female", "male")[number % 2],
        born=f"19{50 + number % 50}-01-02",
        system="urn:variants:reports",
        number=f"V{number}",
        accession=f"A{number}",
        study_uid=f"1.2.826.0.1.{number + 1}",
        procedure="XR CHEST 2 VIEWS",
        started=started,
        issued=started + timedelta(hours=1),
        sections=tuple(sections),
    )
