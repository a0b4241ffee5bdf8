"""Twenty invented reports as models: what the sender means, whatever it is written in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

HISTORY, COMPARISON, FINDINGS, IMPRESSION = "HISTORY", "COMPARISON", "FINDINGS", "IMPRESSION"

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
    """One final report of a chest film. Times are UTC; `sections` are headings with their sentences."""

    number: str
    patient: str
    authority: str
    sex: str
    born: str
    study_uid: str
    started: datetime
    issued: datetime
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def text(self) -> str:
        """The report as plain text: a heading a line, a sentence a line, an empty line between sections."""
        return "\n\n".join("\n".join([f"{heading}:", *sentences]) for heading, sentences in self.sections)


def reports(count: int = 20) -> list[Report]:
    """The first `count` of them."""
    return list(islice(_reports(), count))


def _reports() -> Iterator[Report]:
    number = 0
    while True:
        started = datetime(2026, 1, 5, 9) + timedelta(days=number, minutes=7 * number)  # noqa: DTZ001 - told as UTC
        sections = [(FINDINGS, _SEEN[number % len(_SEEN)]), (IMPRESSION, _SAID[number % len(_SAID)])]
        if number % 3:
            sections.insert(0, (HISTORY, (_ASKED[number % len(_ASKED)],)))
        if number % 4 == 1:
            sections.insert(1, (COMPARISON, (_BEFORE[number % len(_BEFORE)],)))
        yield Report(
            number=f"V{number}",
            patient=str(7000 + number),
            authority="NORTH",
            sex="FM"[number % 2],
            born=f"19{50 + number}0102",
            study_uid=f"1.2.826.0.1.{number + 1}",
            started=started,
            issued=started + timedelta(hours=1),
            sections=tuple(sections),
        )
        number += 1
