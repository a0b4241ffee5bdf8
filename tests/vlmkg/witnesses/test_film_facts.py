"""What only films show: with side and concept, and never against a report's word."""

import pytest

from vlmkg.engine_protocol import ImageEntity
from vlmkg.linearization import film_names
from vlmkg.pipeline import load_engine, read_reports
from vlmkg.schema import Kind, Presence
from vlmkg.witnesses.film_facts import MIN_FILM_SCORE, read_films


def entity(text, film="1.1", presence=Presence.PRESENT, score=MIN_FILM_SCORE):
    return ImageEntity(film, text, Kind.OBSERVATION, presence, score)


def reports(*texts):
    return read_reports(load_engine("rules"), texts)


@pytest.mark.parametrize("name", film_names())
def test_every_name_has_a_concept_of_its_own_and_its_side(name):
    ((_, reading),) = read_films([entity(name)], [])
    (link,), (finding,) = reading.links, reading.findings
    assert link.system != "local"
    assert link.name not in {"left", "right"}
    assert finding.laterality == next((side for side in ("left", "right") if side in name.split()), None)
    assert finding.concept == link
    assert reading.graph.mentions[0].text == name


def test_facts_are_kept_by_film_in_order():
    found = read_films([entity("pacemaker", "b"), entity("scoliosis", "a"), entity("left pneumothorax", "b")], [])
    assert [(film, [m.text for m in reading.graph.mentions]) for film, reading in found] == [
        ("a", ["scoliosis"]),
        ("b", ["pacemaker", "left pneumothorax"]),
    ]
    assert [finding.mention for finding in found[1][1].findings] == [0, 1]


@pytest.mark.parametrize(
    "text",
    [
        "No pleural effusion.",
        "No effusion or pneumothorax.",
        "Small right pleural effusion.",
        "Possible pleural effusion.",
    ],
)
def test_a_film_adds_nothing_to_what_a_report_names(text):
    assert read_films([entity("left pleural effusion")], reports(text)) == ()


def test_a_film_adds_what_no_report_names():
    ((_, reading),) = read_films([entity("pacemaker"), entity("cardiomegaly")], reports("The heart is enlarged."))
    assert [mention.text for mention in reading.graph.mentions] == ["pacemaker"]
    assert reading.graph.mentions[0].score == MIN_FILM_SCORE


def test_what_the_model_is_not_sure_of_is_refused_and_told():
    unsure = entity("pacemaker", score=MIN_FILM_SCORE - 0.01)
    ((_, reading),) = read_films([unsure, entity("scoliosis"), entity("left pneumothorax", score=None)], [])
    assert [mention.text for mention in reading.graph.mentions] == ["scoliosis", "left pneumothorax"]
    assert [finding.mention for finding in reading.findings] == [0, 1]
    assert [(one.reason, one.head, one.detail) for one in reading.rejections] == [("unsure", "pacemaker", "score 0.79")]
    assert [(one.reason, one.detail) for one in reading.warnings] == [("unsure", "pacemaker")]


def test_of_a_film_of_which_nothing_is_sure_the_rejections_are_left():
    ((film, reading),) = read_films([entity("pacemaker", score=0.1)], [])
    assert (film, reading.graph.mentions, len(reading.rejections)) == ("1.1", (), 1)
