"""What a reader of the graph would be told: concept, side, degree and places of made-up statements."""

import random

import pytest

from tests.vlmkg.graphs import finding, read
from vlmkg.normalization.names import longest, names
from vlmkg.normalization.words import canonical, lemma
from vlmkg.schema import Kind
from vlmkg.vocabulary.closure import ancestors, regions

CARDIOMEGALY, EFFUSION, PNEUMOTHORAX, NORMAL = "CXR:cardiomegaly", "RID34539", "RID5352", "RID13173"
LEFT_LUNG, RIGHT_LUNG, LEFT_PLEURA, RIGHT_PLEURA = "RID1326", "RID1302", "RID39204", "RID39205"


@pytest.mark.parametrize(
    ("marked", "relations", "code"),
    [
        ("pleural/A effusion/P", "effusion located_at pleural", EFFUSION),
        ("effusions/P", "", EFFUSION),
        ("effusoin/P", "", EFFUSION),
        ("PTX/P", "", "RID5352"),
        ("pericardial/A effusion/P", "effusion located_at pericardial", "RID38588"),
        ("knee/A effusion/P", "effusion located_at knee", "RID4872"),
        ("heart/A is enlarged/P", "enlarged located_at heart", CARDIOMEGALY),
        ("heart/A size/A is enlarged/P", "heart modify size; enlarged located_at size", CARDIOMEGALY),
        (
            "enlarged/P cardiac/A silhouette/A",
            "cardiac modify silhouette; enlarged located_at silhouette",
            CARDIOMEGALY,
        ),
        ("enlarged/P liver/A", "enlarged located_at liver", "RID34593"),
        ("airspace/A disease/P", "disease located_at airspace", "CXR:airspace-disease"),
        ("pulmonary/A edema/P", "edema located_at pulmonary", "RID4866"),
        ("compression/P fracture/P", "compression modify fracture", "RID4658"),
        ("rib/A fractures/P", "fractures located_at rib", "CXR:rib-fracture"),
        ("PICC_line/P", "", "CXR:picc"),
        ("calcified/P granuloma/P", "calcified modify granuloma", "CXR:calcified-granuloma"),
        ("emphysematous/P changes/P", "emphysematous modify changes", "RID4799"),
        ("emphysema/P subcutaneous/A", "emphysema located_at subcutaneous", "CXR:subcutaneous-emphysema"),
        ("tortuous/P aorta/A", "tortuous located_at aorta", "CXR:aortic-tortuosity"),
        ("low/P lung/A volumes/A", "lung modify volumes; low located_at volumes", "CXR:hypoinflation"),
        ("hyperexpanded/P lungs/A", "hyperexpanded located_at lungs", "CXR:hyperinflation"),
        ("hiatal/A hernia/P", "hernia located_at hiatal", "RID4897"),
        (
            "degenerative/P changes/P spine/A",
            "degenerative modify changes; changes located_at spine",
            "CXR:degenerative-spine-disease",
        ),
    ],
)
def test_findings_are_composed(marked, relations, code):
    assert finding(marked, relations).concept.code == code


@pytest.mark.parametrize(
    ("marked", "relations"),
    [
        ("heart/A size/A is normal/P", "heart modify size; normal located_at size"),
        ("heart/A is unremarkable/P", "unremarkable located_at heart"),
        ("heart/A within_normal_limits/P", "within_normal_limits located_at heart"),
        ("lungs/A are clear/P", "clear located_at lungs"),
        ("heart/A is stable/P", "stable located_at heart"),
        ("bones/A are intact/P", "intact located_at bones"),
        ("lungs/A are well_expanded/P", "well_expanded located_at lungs"),
    ],
)
def test_a_normal_statement_is_never_a_disease(marked, relations):
    code = finding(marked, relations).concept.code
    assert {"RID6", NORMAL} & {code, *ancestors(code)}
    assert not {"RID34785", "RID5"} & ancestors(code)


def test_upper_limit_of_normal_is_not_cardiomegaly():
    found = finding(
        "heart/A size/A upper_limits_of_normal/P", "heart modify size; upper_limits_of_normal located_at size"
    )
    assert found.concept.code == "CXR:upper-limit-heart-size"
    assert CARDIOMEGALY not in ancestors(found.concept.code)


def test_no_change_is_not_the_absence_of_disease():
    assert finding("no change/N").concept.code == "CXR:change"
    assert finding("no disease/N").concept.code == "CXR:abnormality"


def test_a_negated_finding_keeps_concept_and_presence():
    reading = read("no pneumothorax/N")
    assert reading.findings[0].concept.code == PNEUMOTHORAX
    assert reading.graph.mentions[reading.findings[0].mention].presence == "absent"


def test_an_unsure_modifier_does_not_make_a_sure_composed_finding():
    unsure = finding("nodule/P possibly calcified/U", "calcified modify nodule")
    sure = finding("nodule/P calcified/P", "calcified modify nodule")
    excluded = finding("nodule/P without calcification/N", "calcification modify nodule")
    assert (unsure.concept.code, sure.concept.code, excluded.concept.code) == (
        "RID3875",
        "CXR:calcified-nodule",
        "RID3875",
    )


@pytest.mark.parametrize(
    ("marked", "relations", "side", "places"),
    [
        ("left/A effusion/P", "effusion located_at left", "left", (LEFT_PLEURA,)),
        ("left/A pleural/A effusion/P", "left modify pleural; effusion located_at pleural", "left", (LEFT_PLEURA,)),
        ("bilateral/A effusions/P", "effusions located_at bilateral", "bilateral", (LEFT_PLEURA, RIGHT_PLEURA)),
        ("effusion/P", "", None, ("RID1362",)),
        (
            "left/A lower/A lobe/A atelectasis/P",
            "left modify lobe; lower modify lobe; atelectasis located_at lobe",
            "left",
            ("RID1338",),
        ),
        ("lingular/A opacity/P", "opacity located_at lingular", "left", ("CXR:lingula",)),
        (
            "right/A middle/A lobe/A opacity/P",
            "right modify lobe; middle modify lobe; opacity located_at lobe",
            "right",
            ("RID1310",),
        ),
        (
            "bibasilar/A atelectasis/P",
            "atelectasis located_at bibasilar",
            "bilateral",
            ("CXR:lung-base", "CXR:left-lung-base", "CXR:right-lung-base"),
        ),
        ("left/A base/A opacity/P", "left modify base; opacity located_at base", "left", ("CXR:left-lung-base",)),
        (
            "scars/P in both/A apices/A",
            "both modify apices; scars located_at apices",
            "bilateral",
            ("RID28584", "CXR:left-lung-apex", "CXR:right-lung-apex"),
        ),
        ("right/A pneumothorax/P", "pneumothorax located_at right", "right", (RIGHT_PLEURA,)),
        ("cardiomegaly/P", "", None, ("RID1385",)),
        ("nodule/P", "", None, ()),
    ],
)
def test_places_and_sides(marked, relations, side, places):
    found = finding(marked, relations)
    assert (found.laterality, found.place_codes) == (side, places)


def test_a_left_effusion_is_found_at_the_left_lung_and_not_at_the_right():
    (code,) = finding("left/A effusion/P", "effusion located_at left").place_codes
    assert LEFT_LUNG in regions(code)
    assert RIGHT_LUNG not in regions(code)


def test_the_implied_site_comes_after_the_stated_one():
    found = finding("left/A base/A effusion/P", "left modify base; effusion located_at base")
    assert found.concept.code == EFFUSION
    assert found.place_codes == ("CXR:left-lung-base", LEFT_PLEURA)


def test_a_place_that_covers_the_implied_site_is_not_doubled():
    found = finding("right/A upper/A lobe/A pneumonia/P",
                    "right modify lobe; upper modify lobe; pneumonia located_at lobe")  # fmt: skip
    assert found.place_codes == ("RID1303",)


@pytest.mark.parametrize(
    ("marked", "relations", "severity"),
    [
        ("mild/P cardiomegaly/P", "mild modify cardiomegaly", "mild"),
        ("mildly/P enlarged/P heart/A", "mildly modify enlarged; enlarged located_at heart", "mild"),
        ("mild/P to moderate/P edema/P", "mild modify edema; moderate modify edema", "moderate"),
        ("small/P effusion/P", "small modify effusion", "mild"),
        ("large/P pneumothorax/P", "large modify pneumothorax", "severe"),
        ("small/P nodule/P", "small modify nodule", None),
        ("large/P mass/P", "large modify mass", None),
        ("borderline/P cardiomegaly/P", "borderline modify cardiomegaly", "borderline"),
        ("effusion/P", "", None),
    ],
)
def test_severity(marked, relations, severity):
    assert finding(marked, relations).severity == severity


def test_places_of_one_finding_are_not_mixed_into_one_name():
    reading = read("normal/P heart/A . prominent/P left/A hilum/A right/A aorta/A",
                   "normal located_at heart; left modify hilum; prominent located_at hilum; prominent located_at aorta;"
                   "right modify aorta")  # fmt: skip
    assert reading.findings[0].concept.code == NORMAL
    assert reading.findings[1].concept.code in {"CXR:hilar-enlargement", "CXR:aortic-prominence"}


def test_every_mention_has_a_link_and_says_by_which_rule():
    reading = read(
        "left/A lower/A lobe/A zorblatts/P", "left modify lobe; lower modify lobe; zorblatts located_at lobe"
    )
    by_text = {m.text: link for m, link in zip(reading.graph.mentions, reading.links, strict=True)}
    assert (by_text["lobe"].code, by_text["lobe"].rule) == ("RID1338", "composed")
    assert (by_text["left"].code, by_text["left"].rule) == ("RID5824", "name")
    assert (by_text["zorblatts"].system, by_text["zorblatts"].code) == ("local", "zorblatt")
    assert by_text["zorblatts"].score == 0.0


def test_words_meet_in_one_form():
    assert canonical("Calcified Granulomata") == canonical("calcification of granulomas")
    assert canonical("air space opacities") == ("airspace", "opacity")
    assert canonical("LLL") == ("left", "lower", "lobe")
    assert lemma("Gas  bubbles") == "gas bubble"
    assert lemma("§") == "§"


BASE = "left/A base/A opacity/P suggests"
AT_BASE = "left modify base; opacity located_at base;"


@pytest.mark.parametrize(
    ("tail", "side", "places"),
    [
        ("atelectasis/U", "left", ("CXR:left-lung-base",)),
        ("scar/U", "left", ("CXR:left-lung-base",)),
        ("CHF/U", None, ("RID1385",)),  # heart failure is not at the left base
        ("artifact/U", None, ()),
    ],
)
def test_what_is_suggested_lies_where_its_evidence_lies_if_it_can(tail, side, places):
    word = tail.split("/")[0]
    reading = read(f"{BASE} {tail}", f"{AT_BASE} opacity suggestive_of {word}")
    suggested = reading.findings[-1]
    assert (suggested.laterality, suggested.place_codes) == (side, places)


def test_a_stated_place_comes_before_that_of_the_evidence():
    marked = "left/A base/A opacity/P suggests right/A atelectasis/U"
    edges = f"{AT_BASE} opacity suggestive_of atelectasis; atelectasis located_at right"
    assert read(marked, edges).findings[-1].place_codes == (RIGHT_LUNG,)


def test_a_blunted_angle_puts_the_suggested_effusion_at_its_side():
    reading = read("blunting/P right/A costophrenic/A angle/A may be effusion/U",
                   "right modify angle; costophrenic modify angle; blunting located_at angle;"
                   "blunting suggestive_of effusion")  # fmt: skip
    assert [f.concept.code for f in reading.findings] == ["CXR:blunted-costophrenic-angle", EFFUSION]
    assert reading.findings[1].laterality == "right"


@pytest.mark.parametrize(
    ("marked", "relations", "places"),
    [
        ("right/A middle/A and lower/A lobe/A opacities/P",
         "right modify lobe; middle modify lobe; lower modify lobe; opacities located_at lobe", {"RID1310", "RID1315"}),
        ("calcified/P hilar/A and mediastinal/A lymph/A nodes/A",
         "hilar modify nodes; mediastinal modify nodes; lymph modify nodes; calcified located_at nodes",
         {"CXR:hilar-lymph-node", "RID28891"}),
        ("thoracic/A spondylosis/P", "spondylosis located_at thoracic", {"RID28677"}),
        ("left/A lower/A atelectasis/P", "left modify lower; atelectasis located_at lower", {"RID1355"}),
        ("deformity/P of T6/A", "deformity located_at T6", {"RID6156"}),
    ],
)  # fmt: skip
def test_places_that_words_share_or_leave_open(marked, relations, places):
    assert places <= set(finding(marked, relations).place_codes)


def test_a_vertebra_by_its_number_lies_in_its_part_of_the_spine():
    (code, *_) = finding("deformity/P of T6/A", "deformity located_at T6").place_codes
    assert {"RID28677", "RID7741"} <= regions(code)


@pytest.mark.parametrize(
    ("marked", "relations"),
    [
        ("soft_tissue/A edema/P", "edema located_at soft_tissue"),
        ("knee/A effusion/P", "effusion located_at knee"),
        ("pericardial/A effusion/P", "effusion located_at pericardial"),
    ],
)
def test_fluid_elsewhere_is_neither_pulmonary_nor_pleural(marked, relations):
    assert finding(marked, relations).concept.code not in {"RID4866", EFFUSION}


def test_measurements_and_numbers_are_no_unmapped_terms():
    reading = read("two/P 1_._7_cm/P nodules/P", "two modify nodules; 1_._7_cm modify nodules")
    assert [link.code for link in reading.links] == ["CXR:number", "CXR:measurement", "RID3875"]


@pytest.mark.parametrize("kind", Kind)
def test_the_longest_name_is_that_of_a_search_through_all(kind):
    every = {id(name): name for groups in names(kind).by_word.values() for _, group in groups for name in group}
    every = sorted(every.values(), key=lambda name: (-len(name.words), name.rank, name.concept.code))
    rng = random.Random(1)
    words = sorted(names(kind).by_word)
    for one in rng.choices(every, k=200):
        head = frozenset(rng.sample(sorted(one.words), min(rng.choice([1, 1, 2]), len(one.words))))
        around = frozenset(rng.sample(sorted(one.words), rng.randint(0, len(one.words)))) | {*rng.sample(words, 2)}
        found = next((name for name in every if head <= name.words <= head | around), None)
        assert longest(kind, head, around) == found
