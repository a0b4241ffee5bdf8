"""Synthetic clinical courses: the chest films of invented patients, visit by visit.

Every sentence was written for this project; none is from a report of a real patient. A course is a
function of a random generator, so a seed always gives the same hospital day.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from training.synthetic.facts import Fact, Kind, Told

Side = str


@dataclass(frozen=True, slots=True)
class Version:
    """One text of a report: its HL7 result status (P, F or C), findings and impression."""

    status: str
    findings: str
    impression: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One study: days since the patient's first one, its indication, and its report's versions in order.

    `film` is what its phantom film shows.
    """

    day: int
    indication: str
    versions: tuple[Version, ...]
    film: tuple[Fact, ...] = ()


Course = tuple[Visit, ...]

_HEART_NORMAL = (
    "Heart size is normal.",
    "The cardiac silhouette is within normal limits.",
    "Normal heart size and mediastinal contours.",
)
_NO_PNEUMOTHORAX = ("No pneumothorax.", "There is no pneumothorax.", "No evidence of pneumothorax.")
_BONES = (
    "No acute bony abnormality.",
    "Degenerative changes of the thoracic spine.",
    "The osseous structures are intact.",
)
_SIZES = {"small": 1, "moderate": 2, "large": 3, "mild": 1, "severe": 3}
"""Severities as a phantom draws them."""
_OTHER: dict[Side, Side] = {"left": "right", "right": "left"}


def _final(findings: str, impression: str) -> tuple[Version, ...]:
    return (Version("F", findings, impression),)


def _join(*sentences: str) -> str:
    return " ".join(sentences)


def _shown(kind: Kind, side: Side = "", size: int = 2, zone: str = "") -> Fact:
    """A fact of both report and film."""
    return Fact(kind, Told.BOTH, true=True, drawn=True, size=size, side=side, zone=zone)


def _film_only(kind: Kind, side: Side = "") -> Fact:
    """A fact that is only on the film, not in the report."""
    return Fact(kind, Told.FILM_ONLY, true=True, drawn=True, size=2, side=side)


def left_effusion_persists(rng: Random) -> Course:
    """A left pleural effusion that is never excluded."""
    first, then = rng.choice((("Small", "moderate"), ("Moderate", "large"), ("Small", "small")))
    return (
        Visit(
            0,
            "Shortness of breath",
            (
                Version(
                    "P",
                    _join(f"{first} left pleural effusion.", rng.choice(_NO_PNEUMOTHORAX)),
                    f"{first} left pleural effusion.",
                ),
                Version(
                    "F",
                    _join(
                        f"{first} left pleural effusion with adjacent left basilar atelectasis.",
                        rng.choice(_HEART_NORMAL),
                        rng.choice(_NO_PNEUMOTHORAX),
                    ),
                    f"{first} left pleural effusion.",
                ),
            ),
            film=(_shown(Kind.EFFUSION, "left", _SIZES[first.lower()]),),
        ),
        Visit(
            rng.randint(20, 60),
            "Follow-up of effusion",
            _final(
                _join(
                    f"A {then} left pleural effusion is again seen.",
                    "Left basilar atelectasis is unchanged.",
                    rng.choice(_NO_PNEUMOTHORAX),
                ),
                f"Persistent {then} left pleural effusion.",
            ),
            film=(_shown(Kind.EFFUSION, "left", _SIZES[then]),),
        ),
    )


def effusion_resolves(rng: Random) -> Course:
    """An effusion that a later film excludes."""
    side = rng.choice(("left", "right"))
    return (
        Visit(
            0,
            "Cough and fever",
            _final(
                _join(f"Moderate {side} pleural effusion.", rng.choice(_HEART_NORMAL), rng.choice(_BONES)),
                f"Moderate {side} pleural effusion.",
            ),
            film=(_shown(Kind.EFFUSION, side),),
        ),
        Visit(
            rng.randint(30, 120),
            "Follow-up",
            _final(
                _join("The lungs are clear.", "No pleural effusion or pneumothorax.", rng.choice(_HEART_NORMAL)),
                "No acute cardiopulmonary abnormality.",
            ),
        ),
    )


def pneumonia(rng: Random) -> Course:
    """An opacity that suggests pneumonia, and its clearing."""
    side, lobe = rng.choice((("right", "lower"), ("left", "lower"), ("right", "middle"), ("right", "upper")))
    place = f"{side} {lobe} lobe"
    kind = rng.choice(("airspace opacity", "consolidation", "patchy opacity"))
    return (
        Visit(
            0,
            "Fever, productive cough",
            (
                Version("P", f"There is {kind} in the {place}.", f"Possible {place} pneumonia."),
                Version(
                    "F",
                    _join(
                        f"There is {kind} in the {place}, suspicious for pneumonia.",
                        "No pleural effusion.",
                        rng.choice(_NO_PNEUMOTHORAX),
                        rng.choice(_HEART_NORMAL),
                    ),
                    f"{place.capitalize()} {kind} suggestive of pneumonia.",
                ),
            ),
            film=(_shown(Kind.OPACITY, side, zone=lobe),),
        ),
        Visit(
            rng.randint(28, 56),
            "Pneumonia, follow-up",
            _final(
                _join(f"The {place} is clear.", f"No {_OTHER[side]} lung opacity.", rng.choice(_NO_PNEUMOTHORAX)),
                "No residual consolidation.",
            ),
        ),
    )


def heart_failure(rng: Random) -> Course:
    """Cardiomegaly with oedema and bilateral effusions."""
    degree = rng.choice(("Mild", "Moderate", "Severe"))
    return (
        Visit(
            0,
            "Dyspnea, leg swelling",
            _final(
                _join(
                    f"{degree} cardiomegaly.",
                    "Interstitial pulmonary edema.",
                    "Small bilateral pleural effusions.",
                    rng.choice(_NO_PNEUMOTHORAX),
                ),
                f"{degree} cardiomegaly with pulmonary edema, compatible with congestive heart failure.",
            ),
            film=(
                _shown(Kind.CARDIOMEGALY, size=_SIZES[degree.lower()]),
                *(_shown(Kind.EFFUSION, side, 1) for side in _OTHER),
                _film_only(Kind.PACEMAKER, "left"),
            ),
        ),
    )


def corrected_pneumothorax(rng: Random) -> Course:
    """A preliminary finding that the final report withdraws, and a correction of the side."""
    side = rng.choice(("left", "right"))
    return (
        Visit(
            0,
            "Chest pain after fall",
            (
                Version("P", f"Possible small {side} apical pneumothorax.", f"Possible {side} pneumothorax."),
                Version(
                    "F",
                    _join(
                        "No pneumothorax.",
                        f"Fracture of the {_OTHER[side]} seventh rib.",
                        "The lungs are clear.",
                    ),
                    f"Fracture of the {_OTHER[side]} seventh rib.",
                ),
                Version(
                    "C",
                    _join("No pneumothorax.", f"Fracture of the {side} seventh rib.", "The lungs are clear."),
                    f"Fracture of the {side} seventh rib. No pneumothorax.",
                ),
            ),
        ),
    )


def chest_tube(rng: Random) -> Course:
    """A pneumothorax, drained, with devices in place."""
    side = rng.choice(("left", "right"))
    return (
        Visit(
            0,
            "Sudden chest pain",
            _final(f"Large {side} pneumothorax. The mediastinum is midline.", f"Large {side} pneumothorax."),
            film=(_shown(Kind.PNEUMOTHORAX, side, 3),),
        ),
        Visit(
            1,
            "Chest tube placed",
            _final(
                _join(
                    f"{side.capitalize()} chest tube in place.",
                    f"Tiny residual {side} apical pneumothorax.",
                    "Endotracheal tube tip is above the carina.",
                ),
                f"Decreased {side} pneumothorax.",
            ),
            film=(_shown(Kind.PNEUMOTHORAX, side, 1), _shown(Kind.TUBE)),
        ),
    )


def nodule(rng: Random) -> Course:
    """A stable nodule with a hedged diagnosis."""
    side = rng.choice(("left", "right"))
    size = rng.choice(("6 mm", "8 mm", "1.2 cm"))
    return (
        Visit(
            0,
            "Screening",
            _final(
                _join(
                    f"There is a {size} nodule in the {side} upper lobe, which may represent a granuloma.",
                    "No pleural effusion.",
                    rng.choice(_BONES),
                ),
                f"{side.capitalize()} upper lobe nodule. Malignancy cannot be excluded.",
            ),
            film=(_shown(Kind.NODULE, side, zone="upper"),),
        ),
    )


def emphysema(rng: Random) -> Course:
    """Hyperinflation and emphysema."""
    return (
        Visit(
            0,
            "Chronic cough, smoker",
            _final(
                _join(
                    "The lungs are hyperinflated with flattened diaphragms, consistent with emphysema.",
                    "No focal consolidation.",
                    rng.choice(_NO_PNEUMOTHORAX),
                ),
                "Emphysema. No acute disease.",
            ),
            film=(_film_only(Kind.WIRES),),
        ),
    )


def normal(rng: Random) -> Course:
    """A normal chest film."""
    return (
        Visit(
            0,
            rng.choice(("Preoperative", "Positive tuberculosis test", "Chest pain")),
            _final(
                _join(
                    "The lungs are clear.",
                    "No pleural effusion or pneumothorax.",
                    rng.choice(_HEART_NORMAL),
                    rng.choice(_BONES),
                ),
                "No acute cardiopulmonary abnormality.",
            ),
        ),
    )


SCHEDULE: tuple[tuple[Callable[[Random], Course], int], ...] = (
    (left_effusion_persists, 5),
    (effusion_resolves, 5),
    (pneumonia, 7),
    (heart_failure, 4),
    (corrected_pneumothorax, 3),
    (chest_tube, 3),
    (nodule, 4),
    (emphysema, 3),
    (normal, 6),
)
"""Courses and the number of patients of each: 40 patients, 60 studies."""
