"""What the report says of a finding. A denied finding must never be read as there."""

import pytest

from tests.vlmkg.rules_helpers import labels


@pytest.mark.parametrize(
    "text",
    [
        "No effusion.",
        "No pneumothorax, consolidation, or effusion.",
        "No focal infiltrate, new consolidation, or effusion.",
        "There is no evidence of effusion.",
        "Negative for effusion.",
        "Negative acute effusion.",
        "The lungs are clear of effusion.",
        "The lungs are free of effusion.",
        "Lungs are clear without effusion.",
        "No pneumothorax is seen, consolidation, or effusion.",
        "Neither pneumothorax nor effusion.",
        "The effusion has resolved.",
        "An effusion is not seen.",
        "The effusion is no longer present.",
        "Interval removal of drain and resolution of effusion.",
        "Effusion is absent.",
        "The previously described effusion has been resolved.",
        "There is no opacity to suggest effusion.",
        "No pleural air collections or large pleural effusion.",
        "Scar rather than effusion.",
        "Previous films did not show effusion.",
        "Without focal effusion.",
        "No pneumothorax, large effusion.",
        "No pneumothorax, left effusion.",
        "No pneumothorax, mild edema, or effusion.",
        "No acute, displaced effusion.",
        "No opacity that would suggest effusion.",
        "Effusion: None.",
        "Effusion - none.",
        "Effusion: no.",
        "EFFUSION: NEGATIVE.",
        "Effusion: no effusion.",
        "Neg for effusion.",
        "Effusion has been ruled out.",
        "The opacity does not suggest effusion.",
        "The study is unremarkable for effusion.",
        "Films have not shown effusion.",
        "No change in the nodule or new effusion.",
        "No lesions, including mass or effusion, were seen.",
        "No development of a new effusion.",
        "No mass, acute or chronic effusion.",
        "Clear lungs wihtout effusion.",
        "Noevidence of effusion.",
    ],
)
def test_denied(text: str) -> None:
    assert labels(text)["effusion"] == "N"


@pytest.mark.parametrize(
    "text",
    [
        "Possible effusion.",
        "Effusion cannot be excluded.",
        "Cannot exclude effusion.",
        "An effusion is not entirely excluded.",
        "Blunted angle, which may represent effusion.",
        "Blunting suggestive of atelectasis, scar, or effusion.",
        "Scar versus effusion.",
        "Effusion versus scar.",
        "Opacity consistent with scar or effusion.",
        "Opacity most consistent with effusion.",
        "Effusion is suspected.",
        "There may be an effusion.",
        "XXXX opacity in the base XXXX representing effusion.",
        "Differential considerations include scar, mass, effusion.",
        "A low likelihood of effusion.",
        "Opacity may represent a focus of effusion.",
        "Opacity consistent with scar, mass or small area of effusion.",
        "Scar or effusion.",
        "Fluid versus fat or effusion.",
        "Blunted angle, possibly effusion.",
        "Opacity, XXXX from effusion.",
        "Difficult to completely exclude effusion.",
        "Effusion should be excluded.",
        "An effusion could have this appearance.",
        "Effusion is a consideration.",
        "Mass, less XXXX effusion.",
        "Correlate for effusion.",
        "Opacity, consider small effusion.",
        "Without comparison, this may represent effusion.",
        "Effusion is most XXXX.",
        "?effusion.",
        "Effusion may have resolved.",
        "It is unclear whether this represents effusion.",
        "Effusion cannot be confirmed.",
        "Favor scar over effusion.",
        "No mass. ? effusion",
        "R/O effusion.",
        "Effusion, if any, is minimal.",
        "Effusion is suspected on CT but not visible.",
    ],
)
def test_uncertain(text: str) -> None:
    assert labels(text)["effusion"] == "U"


@pytest.mark.parametrize(
    "text",
    [
        "Left effusion.",
        "No pneumothorax, but there is a small effusion.",
        "No change in the effusion.",
        "No pneumothorax. Effusion is present.",
        "No cardiomegaly with bilateral effusion.",
        "There is an effusion not seen on the prior exam.",
        "The effusion is not well seen on the lateral view.",
        "Opacity compatible with effusion.",
        "No pneumothorax and stable effusion.",
        "Effusion without pneumothorax.",
        "No pneumothorax is seen, left effusion.",
        "Mild effusion may warrant follow-up.",
        "Effusion, follow-up is recommended.",
        "Effusion not seen previously on prior films, possibly a scar.",
        "Effusion of uncertain etiology.",
        "No pneumothorax, mild effusion.",
        "Effusion not exceeding 2 cm.",
        "Not only effusion but also edema.",
        "Not significantly changed effusion.",
        "Effusion has not resolved.",
        "Effusion has not completely cleared, stable scar.",
        "Effusion has improved but not resolved.",
        "Effusion has nearly completely resolved.",
        "Small effusion, none of which is new.",
        "Effusion is seen but not measured.",
        "Stable effusion without complicating features.",
        "Mass? Effusion is present.",
        "No change in nodule or effusion.",
        "No progression of the effusion.",
        "Clear lungs without pneumothorax, small effusion.",
        "No pneumothorax and trace effusion.",
        "No pneumothorax, old effusion, edema.",
        "The effusion is not significantly different.",
        "This effusion cannot be well identified on the lateral view.",
        "Possible worsening of the effusion.",
        "Unchanged, suggesting no progression of the effusion.",
        "Prominence of the aortic XXXX, consistent with effusion.",
    ],
)
def test_present(text: str) -> None:
    assert labels(text)["effusion"] == "P"


def test_a_change_denied_is_not_the_finding_denied() -> None:
    assert labels("No change in the right nodule.") == {"change": "N", "right": "A", "nodule": "P"}


def test_words_of_a_denied_finding_are_denied_with_it() -> None:
    assert labels("No large focal mass.") == {"large": "N", "focal": "N", "mass": "N"}


def test_a_hole_before_an_age_or_a_cause_was_likely() -> None:
    assert labels("Deformity of the rib, XXXX chronic.")["chronic"] == "U"
    assert labels("Deformity which is XXXX benign.") == {"deformity": "P", "benign": "U"}
    assert labels("There are XXXX degenerative changes.")["degenerative"] == "P"
    assert labels("Lungs are clear, XXXX stable.")["stable"] == "P"


def test_a_word_with_non_is_one_word() -> None:
    assert labels("Non calcified nodule and non - displaced fracture.") == {
        "non calcified": "P",
        "nodule": "P",
        "non - displaced": "P",
        "fracture": "P",
    }


def test_misspelt_words_are_read() -> None:
    assert labels("No penumothorax or effusoin, posible atelectesis.") == {
        "penumothorax": "N",
        "effusoin": "N",
        "atelectesis": "U",
    }
    assert labels("Noeffusion.") == {"noeffusion": "N"}
    assert labels("Notable effusion.")["effusion"] == "P"


def test_small_bowel_is_a_body_part() -> None:
    assert labels("No small bowel obstruction.") == {"small": "A", "bowel": "A", "obstruction": "N"}


def test_a_body_cavity_is_no_finding() -> None:
    assert labels("No fluid in the thoracic cavity.") == {"fluid": "N", "thoracic": "A", "cavity": "A"}
    assert labels("Cavity in the lung.")["cavity"] == "P"


def test_a_minor_change_is_small_and_a_minor_fissure_is_a_place() -> None:
    assert labels("Minor change at the minor fissure.")["minor"] == "A"
    assert labels("Minor change.")["minor"] == "P"


def test_an_etiology_that_is_not_named_is_none() -> None:
    assert labels("The etiology is unclear.") == {}
    assert labels("XXXX infectious etiology.")["etiology"] == "P"


def test_change_words_stay_before_versus() -> None:
    assert labels("Unchanged scar versus small mass.") == {"unchanged": "P", "scar": "U", "small": "U", "mass": "U"}


@pytest.mark.parametrize(
    "text",
    [
        "PA and lateral views of the chest were obtained.",
        "Recommend chest CT to exclude a nodule.",
        "Findings discussed with Dr. XXXX by telephone.",
        "The lateral view is limited by rotation.",
        "The patient is rotated.",
        "Clinical correlation is recommended.",
        "If there is concern for pneumonia, consider followup.",
        "Correlate with history of fracture.",
        "Evaluation for pneumothorax is limited.",
        "Consider chest CT for pneumonia.",
        "Compared to prior exam.",
    ],
)
def test_talk_of_the_exam_is_no_finding(text: str) -> None:
    assert labels(text) == {}
