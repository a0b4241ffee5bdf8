"""Exams of other parts: nothing that is said of a knee, a breast or a brain is placed in the chest."""

from itertools import product

import pytest

from vlmkg.domain import names_region, sender_names_chest
from vlmkg.engine_protocol import Reading, StudyInput
from vlmkg.exam_regions import exam_regions
from vlmkg.normalization.names import name_words, tells_part
from vlmkg.normalization.places import THORAX
from vlmkg.pipeline import load_engine, read_studies
from vlmkg.vocabulary.closure import regions

RULES = load_engine("rules")
OTHER_TITLES = (
    "MRI LEFT KNEE",
    "MRI of the right knee",
    "XR RIGHT HAND, 3 VIEWS",
    "X-ray left ankle",
    "LEFT FOOT, 3 VIEWS",
    "CT HEAD WITHOUT CONTRAST",
    "CT brain",
    "MRI brain with and without contrast",
    "CT ABDOMEN AND PELVIS WITH CONTRAST",
    "CT KUB",
    "Ultrasound abdomen",
    "US THYROID",
    "US PELVIS, transvaginal",
    "BILATERAL DIGITAL MAMMOGRAM",
    "Mammography",
    "US lower extremity venous duplex",
    "XR HIP 2 VIEWS",
    "MRI LUMBAR SPINE",
    "CT CERVICAL SPINE",
    "MR SHOULDER LEFT",
    "US SCROTUM",
    "Doppler left leg",
    "ECHOCARDIOGRAM",
    "XR ABDOMEN",
    "Bone scan",
    "Skeletal survey",
    "MRI BRACHIAL PLEXUS",
)
CHEST_TITLES = (
    "XR CHEST 2 VIEWS",
    "CHEST RADIOGRAPH",
    "CT CHEST WITH CONTRAST",
    "CT chest, abdomen and pelvis",
    "HRCT",
    "CTPA",
    "US CHEST",
    "CXR",
    "Portable chest",
    "Ribs, left, 2 views",
)
LAYOUTS = ("{title}\nFINDINGS: {text}", "EXAM: {title}\n\nFINDINGS:\n{text}", "{title}. {text}", "{title}: {text}")
OPEN = (
    "Small effusion.",
    "There is a small right effusion.",
    "Edema.",
    "Moderate edema on the left.",
    "There is an infiltrate.",
    "Nodule in the left lower lobe.",
    "2 cm mass in the right lobe.",
    "Opacity.",
    "Calcified granuloma.",
    "Vascular congestion.",
    "Osteophytes.",
    "Fracture of the bone.",
    "Soft tissue swelling.",
    "Enlarged nodes.",
    "Fracture.",
    "Consolidation of the fracture.",
    "Ventricle is enlarged.",
    "Effusion: Moderate.",
    "No effusion.",
)
"""Findings whose words leave it to the exam which organ is meant."""


def reading(text: str, chest: bool | None = None) -> Reading:
    (study,) = read_studies(RULES, [StudyInput((text,), chest=chest)])
    return study.reports[0]


def in_chest(read: Reading) -> list[tuple[str, str, tuple[str, ...]]]:
    """The findings that bear a concept of the chest or lie there, with their places."""
    spine = {"vertebra", "spine", "disc"}
    return [
        (read.graph.mentions[one.mention].text, one.concept.name, one.place_codes)
        for one in read.findings
        if tells_part(name_words(one.concept.code) - spine)
        or any(THORAX in {at, *regions(at)} for at in one.place_codes)
    ]


@pytest.mark.parametrize("title", OTHER_TITLES)
def test_nothing_of_another_exam_is_placed_in_the_chest(title: str) -> None:
    texts = [layout.format(title=title, text=text) for layout, text in product(LAYOUTS, OPEN)]

    assert {text: wrong for text in texts if (wrong := in_chest(reading(text)))} == {}


@pytest.mark.parametrize("title", CHEST_TITLES)
def test_findings_of_a_chest_exam_are_read_as_in_a_film(title: str) -> None:
    for layout in LAYOUTS:
        read = reading(layout.format(title=title, text="Small right effusion. Edema."))
        found = {read.graph.mentions[one.mention].text: one.concept.name for one in read.findings}
        assert {"effusion": "pleural effusion", "Edema": "pulmonary edema"}.items() <= found.items(), layout


@pytest.mark.parametrize("title", OTHER_TITLES)
def test_what_the_text_names_of_the_chest_stays_there(title: str) -> None:
    text = f"{title}\nFINDINGS: Small right pleural effusion. No pneumothorax. Fracture of the left sixth rib."
    names = {one.concept.name for one in reading(text).findings}

    assert {"pleural effusion", "pneumothorax", "fracture of rib"} <= names


@pytest.mark.parametrize("heading", ["LOWER CHEST", "LUNG BASES", "CHEST", "Lungs", "Pleura"])
@pytest.mark.parametrize("joint", ["\n", " "])
def test_a_heading_of_the_chest_holds_until_the_next(heading: str, joint: str) -> None:
    text = joint.join(("EXAM: CT ABD/PELVIS.", f"{heading}: Small right effusion.", "PELVIS: Trace effusion."))
    effusions = [one.concept.name for one in reading(text).findings if one.concept.name.endswith("effusion")]

    assert effusions == ["pleural effusion", "effusion"]


@pytest.mark.parametrize(
    ("modality", "part", "procedure", "chest"),
    [
        ("MR", None, "MRI KNEE LEFT", False),
        ("DX", "KNEE", None, False),
        ("CT", "CHEST", "CT ABDOMEN", False),
        ("CT", None, "CT CHEST ABDOMEN PELVIS", True),
        ("DX", "CHEST", None, True),
        ("MG", None, None, False),
        ("US", None, "US THORACENTESIS", True),
        ("US", None, None, False),
        ("OT", None, "MR BRACHIAL PLEXUS", False),
        ("DX", None, None, None),
    ],
)
def test_the_senders_words_name_the_exam(
    modality: str, part: str | None, procedure: str | None, chest: bool | None
) -> None:
    assert sender_names_chest(modality, part, procedure) is chest
    name = {True: "pleural effusion", None: "pleural effusion", False: "effusion"}[chest]
    assert reading("Small effusion.", chest).findings[0].concept.name == name


@pytest.mark.parametrize(
    "text",
    [
        "Moderate effusion. Tear of the medial meniscus.",
        "Large suprapatellar effusion. Patella is normal.",
        "Marrow edema of the talus. No effusion.",
        "Left mastoid effusion.",
        "Uterus is enlarged. Trace effusion.",
    ],
)
def test_parts_far_from_the_chest_tell_where_no_exam_is_named(text: str) -> None:
    assert in_chest(reading(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Knee brace artifact. The lungs are clear. Small left effusion.",
        "Small left effusion. Degenerative changes of the shoulders.",
        "INDICATION: Knee pain.\nFINDINGS: Small left effusion.",
        "HISTORY: Abdominal pain. FINDINGS: Small left effusion.",
        "Left shoulder prosthesis. Small left effusion.",
        "Bones: intact.\nAbdomen: no free air.\nPleura: small left effusion.",
    ],
)
def test_words_of_other_parts_do_not_make_a_film_of_the_chest_another(text: str) -> None:
    effusions = [one for one in reading(text).findings if "effusion" in one.concept.name]

    assert [one.concept.name for one in effusions] == ["pleural effusion"]


def test_the_spine_is_the_thoracic_one_on_a_film_of_the_chest_alone() -> None:
    thoracic = "RID28677"

    assert thoracic in reading("Degenerative changes of the spine.").findings[0].place_codes
    assert thoracic not in reading("MRI spine. Degenerative changes of the spine.").findings[0].place_codes
    assert THORAX not in regions("RID28674")


def test_signal_weighting_is_no_vertebra() -> None:
    texts = {
        one.text for one in reading("MRI brain. Multiple T2 hyperintense foci. T1 weighted signal.").graph.mentions
    }

    assert not {"T1", "T2"} & texts


def test_an_unnamed_exam_is_taken_for_one_of_the_chest() -> None:
    assert exam_regions("Small effusion.").chest == (True,)
    assert not exam_regions("Small effusion.").named
    assert names_region("follow-up") is None
