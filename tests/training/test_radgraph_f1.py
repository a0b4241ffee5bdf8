"""RadGraph-F1 gives the values that its authors publish."""

import pytest

from tests.training.test_metrics import report
from training.evaluation import evaluate

# The two pairs of the README of the package radgraph (0.1.18), which prints (0.75, 0.667, 0.654) for them. Its parser's
# graphs are not printed there: these are such as give each of the three values.
NO_DISEASE = report("no acute cardiopulmonary abnormality", ("acute", "OBS-DA"), ("cardiopulmonary", "ANAT-DP"),
                    ("abnormality", "OBS-DA"), relations=((2, "located_at", 1),))  # fmt: skip
REFERENCE = report(
    "endotracheal tube is present and bibasilar opacities likely represent mild atelectasis",
    ("endotracheal", "ANAT-DP"), ("tube", "OBS-DP"), ("bibasilar", "ANAT-DP"), ("opacities", "OBS-DP"),
    ("mild", "OBS-U"), ("atelectasis", "OBS-U"),
    relations=((3, "located_at", 2), (3, "suggestive_of", 5), (4, "modify", 5)),
)  # fmt: skip
HYPOTHESIS = report(
    "et tube terminates 2 cm above the carina and bibasilar opacities",
    ("et", "OBS-DP"), ("tube", "OBS-DP"), ("2 cm", "OBS-DP"), ("carina", "ANAT-DP"), ("bibasilar", "ANAT-DP"),
    ("opacities", "OBS-DP"),
    relations=((0, "modify", 1), (1, "located_at", 3), (5, "located_at", 4)),
)  # fmt: skip

# The package's test of its v1 parser prints this hypothesis' graph, and 0.571, 0.429, 0.4 for the pair.
HERNIA = report(
    "no evidence of acute cardiopulmonary process moderate hiatal hernia",
    ("acute", "OBS-DA"), ("cardiopulmonary", "ANAT-DP"), ("process", "OBS-DA"), ("moderate", "OBS-DP"),
    ("hiatal", "ANAT-DP"), ("hernia", "OBS-DP"), relations=((2, "located_at", 1),),
)  # fmt: skip
LARGE_HERNIA = report(
    "no evidence of acute pulmonary process moderately large size hiatal hernia",
    ("acute", "OBS-DA"), ("pulmonary", "ANAT-DP"), ("process", "OBS-DA"), ("moderately", "OBS-DP"),
    ("large", "OBS-DP"), ("size", "OBS-DP"), ("hiatal", "ANAT-DP"), ("hernia", "OBS-DP"),
    relations=((3, "modify", 4), (4, "modify", 5), (4, "modify", 7)),
)  # fmt: skip


def rewards(*pairs: tuple[dict, dict]) -> dict[str, float]:
    """Mean rewards of (reference, hypothesis) pairs; the two texts' words are compared, not their places."""
    gold, predicted = {}, {}
    for at, (reference, hypothesis) in enumerate(pairs):
        joined = f"{reference['text']} {hypothesis['text']}"
        shift = len(reference["text"].split())
        moved = {
            key: {**e, "start_ix": e["start_ix"] + shift, "end_ix": e["end_ix"] + shift}
            for key, e in hypothesis["entities"].items()
        }
        gold[str(at)] = {"text": joined, "entities": reference["entities"]}
        predicted[str(at)] = {"text": joined, "entities": moved}
    return {level: score.f1 for level, score in evaluate(gold, predicted).radgraph_f1.items()}


def test_the_published_mean_of_the_readme():
    found = rewards((NO_DISEASE, NO_DISEASE), (REFERENCE, HYPOTHESIS))
    assert found == pytest.approx({"simple": 0.75, "partial": 2 / 3, "complete": 0.6538461538461539})


def test_the_published_value_of_the_package_s_own_test():
    found = rewards((LARGE_HERNIA, HERNIA))
    assert found == pytest.approx({"simple": 0.5714285714285715, "partial": 0.42857142857142855, "complete": 0.4})


def test_an_empty_side_gives_zero():
    empty = {"text": "no words of ours", "entities": {}}
    assert set(rewards((empty, empty)).values()) == {0.0}
    assert set(rewards((NO_DISEASE, empty)).values()) == {0.0}


def test_case_does_not_matter():
    loud = report("No ACUTE cardiopulmonary abnormality", ("ACUTE", "OBS-DA"), ("cardiopulmonary", "ANAT-DP"),
                  ("abnormality", "OBS-DA"), relations=((2, "located_at", 1),))  # fmt: skip
    assert set(rewards((NO_DISEASE, loud)).values()) == {1.0}
