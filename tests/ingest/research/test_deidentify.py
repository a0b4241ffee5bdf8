"""Records in, records out: nothing that names anybody comes through, and what the graph says does."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.records import ConceptRecord, ImageRecord, StudySubgraph
from ingest.research.deidentify import Rules, _floor, deidentify
from ingest.research.project import Project
from ingest.research.words import known_words
from tests.graph.subgraphs import local, study
from vlmkg.identity import digest
from vlmkg.verdicts import ReviewState

RULES = Rules(Project("lung", b"k" * 64), known_words(), {})
OTHER = Rules(Project("heart", b"l" * 64), known_words(), {})


def full(number: int = 1) -> StudySubgraph:
    """A study with images, times, scores and a mention in words that no table has."""
    subgraph = study(number, patient=7)
    first, *rest = subgraph.mentions
    wrong = replace(first, text="Quackenbush", concept=local("quackenbush"), score=0.87654)
    assert wrong.finding
    wrong = replace(wrong, finding=replace(wrong.finding, concept_code="quackenbush", concept=local("quackenbush")))
    images = tuple(ImageRecord(f"1.2.840.99.{number}.{at}", "PA", 2048, 1024, digest("film", at)) for at in range(2))
    report = replace(subgraph.reports[0], text_digest=digest("text", number), text="Quackenbush was here")
    return replace(
        subgraph,
        study=replace(subgraph.study, body_part="CHEST"),
        reports=(report,),
        images=images,
        mentions=(wrong, *rest),
    )


def strings(record: Any) -> Iterator[str]:
    if isinstance(record, str):
        yield str(record)
    elif is_dataclass(record):
        for field in fields(record):
            yield from strings(getattr(record, field.name))
    elif isinstance(record, tuple):
        for each in record:
            yield from strings(each)


def names(subgraph: StudySubgraph) -> set[str]:
    """All strings of the live records that name something of a patient."""
    extraction = subgraph.extraction
    assert extraction
    found = {subgraph.patient.patient_id, subgraph.study.study_key, subgraph.study.study_uid, subgraph.study.accession}
    for report in subgraph.reports:
        found |= {report.report_key, report.report_id, report.text_digest, report.text}
    for image in subgraph.images:
        found |= {image.sop_instance_uid, image.digest}
    found |= {extraction.extraction_id, *extraction.reads, *(mention.mention_id for mention in subgraph.mentions)}
    return {name for name in found if name}


def test_no_name_of_the_live_graph_comes_through() -> None:
    live = [full(1), full(2)]
    told = set(strings(tuple(deidentify(live, RULES))))
    for subgraph in live:
        assert len(names(subgraph)) > 30
        assert not names(subgraph) & told
    assert not [text for text in told if "quackenbush" in text.lower()]


def test_free_words_in_the_place_of_codes_are_left_out() -> None:
    live = full()
    live = replace(
        live,
        patient=replace(live.patient, sex="Quackenbush"),
        study=replace(live.study, modality="DOE^JANE", body_part="CHEST OF MRS DOE"),
        images=(replace(live.images[0], view="JANE"),),
        extraction=replace(live.extraction, reads=(live.reports[0].report_key,)),  # type: ignore[type-var]
    )
    (copied,) = deidentify([live], RULES)
    assert (copied.patient.sex, copied.study.modality, copied.study.body_part) == (None, None, None)
    assert copied.images[0].view is None


def test_what_the_graph_says_stays() -> None:
    live = full()
    (copied,) = deidentify([live], RULES)
    for before, after in zip(live.mentions, copied.mentions, strict=True):
        same = ("kind", "presence", "section", "witness", "disputed", "other_presence", "link_rule")
        assert [getattr(before, name) for name in same] == [getattr(after, name) for name in same]
        if before.concept.system != "local":
            assert (before.concept, before.text) == (after.concept, after.text)
        assert (before.finding is None) == (after.finding is None)
        if before.finding and after.finding:
            assert (before.finding.laterality, before.finding.severity, before.finding.place_codes) == (
                after.finding.laterality,
                after.finding.severity,
                after.finding.place_codes,
            )
    assert copied.mentions[0].concept == ConceptRecord("___", "local", "___")
    assert copied.mentions[0].finding
    assert copied.mentions[0].finding.concept_code == "___"
    kept = {before.mention_id: after.mention_id for before, after in zip(live.mentions, copied.mentions, strict=True)}
    relations = [(kept[each.head], each.type, kept[each.tail], each.witness) for each in live.relations]
    assert relations == [(each.head, each.type, each.tail, each.witness) for each in copied.relations]
    assert copied.extraction
    assert set(copied.extraction.reads) == {copied.reports[0].report_key}
    assert (copied.study.modality, copied.study.body_part, copied.images[0].view) == ("DX", "CHEST", "PA")


def test_versions_still_supersede_each_other_and_images_are_still_read() -> None:
    live = full()
    older = replace(live.reports[0], report_key="older", current=False)
    newer = replace(live.reports[0], supersedes="older", version=2)
    assert live.extraction
    reads = (newer.report_key, live.images[0].sop_instance_uid)
    live = replace(live, reports=(older, newer), extraction=replace(live.extraction, reads=reads))
    (copied,) = deidentify([live], RULES)
    assert copied.reports[1].supersedes == copied.reports[0].report_key
    assert copied.reports[0].report_id == copied.reports[1].report_id
    assert copied.extraction
    assert set(copied.extraction.reads) == {copied.reports[1].report_key, copied.images[0].sop_instance_uid}


def test_the_offsets_of_mentions_become_their_places() -> None:
    live = full()
    (copied,) = deidentify([live], RULES)
    assert [(each.start, each.end) for each in copied.mentions] == [(at, at + 1) for at in range(len(live.mentions))]
    uid = live.images[0].sop_instance_uid
    film = replace(live.mentions[1], report_key=None, start=0, end=0, section="image", sop_instance_uid=uid)
    (copied,) = deidentify([replace(live, mentions=(film,), relations=())], RULES)
    (there,) = copied.mentions
    assert (there.start, there.end, there.report_key) == (0, 0, None)
    assert there.sop_instance_uid == copied.images[0].sop_instance_uid != uid


def test_what_persons_rejected_stays_marked() -> None:
    live = full()
    first, *rest = live.mentions
    assert first.finding
    rejected = replace(first, finding=replace(first.finding, review=ReviewState.REJECTED))
    (copied,) = deidentify([replace(live, mentions=(rejected, *rest))], RULES)
    assert copied.mentions[0].finding
    assert copied.mentions[0].finding.review is ReviewState.REJECTED


def test_when_it_was_read_is_not_told() -> None:
    """Everybody's readings of one night, each moved by its patient's offset, would tell every offset."""
    (copied,) = deidentify([full()], RULES)
    assert copied.extraction
    assert copied.extraction.created_at is None


def test_intervals_between_studies_stay() -> None:
    one, other = full(1), full(2)
    other = replace(other, study=replace(other.study, started_at=datetime(2024, 3, 5, 11, 22, 33, tzinfo=UTC)))
    first, second = deidentify([one, other], RULES)
    assert one.study.started_at
    assert other.study.started_at
    assert first.study.started_at
    assert second.study.started_at
    assert second.study.started_at - first.study.started_at == other.study.started_at - one.study.started_at
    assert first.study.started_at - one.study.started_at > timedelta(days=36_000)
    assert first.patient == second.patient


def test_two_projects_share_no_name() -> None:
    one, other = deidentify([full()], RULES), deidentify([full()], OTHER)
    assert not names_of(one) & names_of(other)


def names_of(copied: list[StudySubgraph]) -> set[str]:
    return {text for text in strings(tuple(copied)) if len(text) > 20 and " " not in text and text.isascii()}


def test_the_same_facts_give_the_same_copy() -> None:
    assert deidentify([full()], RULES) == deidentify([full()], RULES)


@given(st.floats(0, 1))
def test_scores_are_cut_and_never_raised(score: float) -> None:
    cut = _floor(score)
    assert cut <= score < cut + 0.0100001
    for hundredth in range(101):
        assert (score >= hundredth / 100) == (cut >= hundredth / 100)


@pytest.mark.parametrize("score", [0.07, 0.28, 0.29, 0.57, 0.58, 1.0, 0.0])
def test_hundredths_are_themselves(score: float) -> None:
    assert _floor(score) == score
