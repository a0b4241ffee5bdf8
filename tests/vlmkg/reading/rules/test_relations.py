"""What describes what, where a finding is, and what it may mean: one case a rule. The sentences are made up."""

import pytest

from tests.vlmkg.rules_helpers import facts, labels
from vlmkg.reading.rules.report import read_report


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # places
        ("Right lower lobe mass.", {"right > lobe", "lower > lobe", "mass @ lobe"}),
        ("Mass in the left base.", {"left > base", "mass @ base"}),
        ("Elevation right hemidiaphragm.", {"right > hemidiaphragm", "elevation @ hemidiaphragm"}),
        ("Left basilar airspace process.", {"left > basilar", "process @ basilar", "process @ airspace"}),
        ("Left pleural effusion.", {"left > pleural", "effusion @ pleural"}),
        (
            "Mass in the peripheral portion of the left lung.",
            {"peripheral > portion", "portion > lung", "left > lung", "mass @ lung"},
        ),
        ("Masses in the left and right lungs.", {"left > lungs", "right > lungs", "masses @ lungs"}),
        ("Left and right effusions.", {"effusions @ left", "effusions @ right"}),
        ("Hilar and basilar scars.", {"scars @ hilar", "scars @ basilar"}),
        ("Scars, left greater than right.", {"greater > scars", "scars @ left", "scars @ right"}),
        ("Scar or mass in the base.", {"scar @ base", "mass @ base"}),
        ("Left basilar scar or mass.", {"left > basilar", "scar @ basilar", "mass @ basilar"}),
        ("Left basilar scar with mass.", {"left > basilar", "scar @ basilar"}),
        ("The bones show no fracture.", {"fracture @ bones"}),
        ("The lungs are clear without mass.", {"clear @ lungs"}),
        # what is said of a place
        ("Heart size is normal.", {"heart > size", "normal @ size"}),
        ("The heart is normal in size.", {"heart > size", "normal @ size"}),
        ("Heart size normal lungs are clear.", {"heart > size", "normal @ size", "clear @ lungs"}),
        (
            "Heart and mediastinal contours are normal.",
            {"heart > contours", "mediastinal > contours", "normal @ contours"},
        ),
        ("The heart and mediastinum are stable.", {"stable @ heart", "stable @ mediastinum"}),
        ("Mildly tortuous aorta.", {"mildly > tortuous", "tortuous @ aorta"}),
        (
            "The cardiac silhouette is within normal limits.",
            {"cardiac > silhouette", "within normal limits @ silhouette"},
        ),
        ("Bones of the thorax are intact.", {"thorax > bones", "intact @ bones"}),
        ("The lungs are clear bilaterally.", {"clear @ lungs", "bilaterally > lungs"}),
        # what describes a finding
        ("Small stable calcified nodule.", {"small > nodule", "stable > nodule", "calcified > nodule"}),
        ("The nodule is stable.", {"stable > nodule"}),
        ("Nodule measuring 1.8 cm.", {"1.8 cm > nodule"}),
        ("Mild to moderate edema.", {"mild > edema", "moderate > edema"}),
        ("Changes of emphysema.", {"emphysema > changes"}),
        ("Interval development of edema.", {"interval > development", "development > edema"}),
        ("No focal infiltrate or consolidation.", {"focal > infiltrate", "focal > consolidation"}),
        ("No focal infiltrate or hernia.", {"focal > infiltrate"}),
        ("Right chest tube tip.", {"right > chest", "tube @ chest", "tip > tube"}),
        ("Catheter with tip in the atrium.", {"tip > catheter", "tip @ atrium"}),
        ("No change in nodule or hernia.", {"change > nodule", "change > hernia"}),
        ("A stimulator whose leads are in the atrium.", {"leads > stimulator", "leads @ atrium"}),
        ("Liver and splenic outlines are normal.", {"liver > outlines", "splenic > outlines", "normal @ outlines"}),
        (
            "The angles are blunted, left greater than right.",
            {"blunted @ angles", "blunted @ left", "blunted @ right", "greater > blunted"},
        ),
        ("1 . 8 cm nodule .", {"1 . 8 cm > nodule"}),
        # meanings
        (
            "The aorta is calcified and tortuous, consistent with disease.",
            {"calcified @ aorta", "tortuous @ aorta", "calcified => disease", "tortuous => disease"},
        ),
        ("Opacity suggestive of edema.", {"opacity => edema"}),
        ("Opacity. This may represent edema.", {"opacity => edema"}),
        ("Haze. Scar or mass is not excluded.", {"haze => scar", "haze => mass"}),
        ("Opacity, possibly edema or scar.", {"opacity => edema", "opacity => scar"}),
        ("Opacity in the base, scar versus mass.", {"opacity @ base", "opacity => scar", "opacity => mass"}),
        ("The heart is enlarged, consistent with failure.", {"enlarged @ heart", "enlarged => failure"}),
        ("Widened mediastinum. This may represent a mass.", {"widened @ mediastinum", "widened => mass"}),
        ("The lungs are clear. This may represent a mass.", {"clear @ lungs"}),
        ("Possible opacity. Mass is not excluded.", {"opacity => mass"}),
        ("Opacity. Exam limited due to artifact.", set()),
        ("Opacity, possibly a cyst.", {"opacity => cyst"}),
        ("Opacity, possible cyst.", set()),
        ("Opacity in the base XXXX scar.", {"opacity @ base", "opacity => scar"}),
        (
            "Blunting of the costophrenic XXXX XXXX old pleural scar.",
            {"blunting @ costophrenic", "blunting => scar", "old > scar", "scar @ pleural"},
        ),
        ("Cardiomegaly, question pleural effusion.", {"effusion @ pleural"}),
        ("Clips, perhaps from cholecystectomy.", {"clips => cholecystectomy"}),
        ("Opacity which may represent sequela from infection.", {"opacity => sequela", "sequela > infection"}),
        ("Opacity. Consider pneumonia.", {"opacity => pneumonia"}),
    ],
)
def test_relations(text: str, expected: set[str]) -> None:
    assert facts(text) == expected


def test_a_heading_places_the_sentence_after_it() -> None:
    assert facts("Left knee. No fracture.") == {"left > knee", "fracture @ knee"}
    assert labels("Chest. Heart size normal.") == {"heart": "A", "size": "A", "normal": "P"}


@pytest.mark.parametrize("word", ["bronchopathy", "lungitis", "xyzectomy", "hyperopacity", "posterosuperiorly"])
def test_words_not_in_the_lexicon_are_read_by_their_form(word: str) -> None:
    assert word in labels(f"There is {word}.")


def test_offsets_count_code_points_of_the_text_as_given() -> None:
    text = "\U0001f600 İ FINDINGS:\r\n  No  pleural\n effusion."
    for mention in read_report(text).mentions:
        assert text[mention.start : mention.end] == mention.text
    assert labels(text) == {"pleural": "A", "effusion": "N"}


def test_sections_are_named() -> None:
    graph = read_report("HISTORY: mass. FINDINGS: Edema. IMPRESSION: Scar. ADDENDUM: Cyst.")
    assert [(one.text, one.section) for one in graph.mentions] == [
        ("Edema", "findings"),
        ("Scar", "impression"),
        ("Cyst", "addendum"),
    ]
