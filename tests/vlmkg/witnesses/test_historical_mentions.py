"""What is told, sought or advised is no finding, though the model is sure of it."""

import pytest

from tests.vlmkg.graphs import graph
from tests.vlmkg.witnesses.test_agreement import Model
from vlmkg.engine_protocol import StudyInput
from vlmkg.pipeline import read_studies
from vlmkg.reading.rules.report import read_with_aside
from vlmkg.schema import Presence


def read(text: str):
    """The reading of the text by a model that has the words with a slash as said, and by the rules."""
    plain, found = graph(text)
    (study,) = read_studies(Model(found), [StudyInput((plain,))])
    return study.reports[0]


@pytest.mark.parametrize(
    "text",
    [
        "history of pneumonia/P",
        "evaluation for effusion/P",
        "clinical concern for pneumothorax/P",
        "recommend ct to evaluate for nodule/P",
    ],
)
def test_what_the_model_claims_in_talk_is_uncertain_and_told(text):
    reading = read(text)

    (mention,) = reading.graph.mentions
    assert mention.presence is Presence.UNCERTAIN
    assert mention.disputed
    assert "set_aside" in {warning.reason for warning in reading.warnings}


@pytest.mark.parametrize("said", ["N", "U"])
def test_what_the_model_denies_or_doubts_in_talk_stays(said):
    reading = read(f"history of pneumonia/{said}")

    (mention,) = reading.graph.mentions
    assert mention.presence is (Presence.ABSENT if said == "N" else Presence.UNCERTAIN)
    assert "set_aside" not in {warning.reason for warning in reading.warnings}


def test_what_both_read_beside_talk_stays():
    reading = read("large/P pneumothorax/P discussed with dr who")

    assert {mention.presence for mention in reading.graph.mentions} == {Presence.PRESENT}
    assert "set_aside" not in {warning.reason for warning in reading.warnings}


def test_the_rules_say_what_they_set_aside():
    text = "History of pneumonia. Effusion."

    read_graph, aside = read_with_aside(text)

    assert [one.text for one in read_graph.mentions] == ["Effusion"]
    assert [text[start:end] for start, end in aside] == ["pneumonia"]
