from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from ingest.ledger.study_facts import LedgerExtraction, LedgerImage, LedgerPatient, LedgerReport, LedgerStudy
from ingest.projection.stored_readings import dump_readings, load_readings
from ingest.projection.subgraph import project
from vlmkg.engine_protocol import Agreement, ConceptLink, Finding, Reading, ReadingWarning, Rejection
from vlmkg.pipeline import read_graph
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph, Witness

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
TEXT = "Left effusion. No pneumothorax."

EFFUSION = ConceptLink("RID4872", "RadLex", "effusion", 1.0, "exact")
READING = Reading(
    graph=ReportGraph(
        mentions=(
            Mention(0, 4, "Left", Kind.ANATOMY, Presence.PRESENT, "findings"),
            Mention(5, 13, "effusion", Kind.OBSERVATION, Presence.PRESENT, "findings"),
            Mention(18, 30, "pneumothorax", Kind.OBSERVATION, Presence.ABSENT, "findings"),
        ),
        relations=(Relation(1, RelationType.LOCATED_AT, 0),),
    ),
    links=(
        ConceptLink("RID5824", "RadLex", "left", 1.0, "exact"),
        EFFUSION,
        ConceptLink("RID5352", "RadLex", "pneumothorax", 1.0, "exact"),
    ),
    findings=(
        Finding(1, EFFUSION, "left", "small", ("RID1363",)),
        Finding(2, ConceptLink("RID5352", "RadLex", "pneumothorax", 1.0, "exact"), None, None),
    ),
    rejections=(Rejection("type_pair", "Left", "suggestive_of", "effusion"),),
    warnings=(ReadingWarning("laterality_clash", "left and right"),),
)


def report(key: str, **changes: Any) -> LedgerReport:
    fields = LedgerReport(
        report_key=key, report_id="r1", version=1, status="F", current=True, addendum=False,
        issued_at=AT, text_digest="d" + key, supersedes=None, text=TEXT,
    )  # fmt: skip
    return replace(fields, **changes)


def extraction(readings: dict[str, Reading], **changes: Any) -> LedgerExtraction:
    fields = LedgerExtraction(
        extraction_id="x1", study_key="s1", engine="rules", checkpoint=None, engine_digest="e1",
        reads=tuple(sorted(readings)), modalities=("text",), out_of_domain=False, created_at=AT,
        result=dump_readings(readings),
    )  # fmt: skip
    return replace(fields, **changes)


def study(**changes: Any) -> LedgerStudy:
    fields = LedgerStudy(
        study_key="s1", patient=LedgerPatient("p1", "female", date(1950, 6, 7)), study_uid="1.2.3", accession="a1",
        modality="CR", body_part="CHEST", procedure="XR CHEST", started_at=AT, pairing="report_only",
        reports=(report("k1"),), images=(), input_digest="i1", extraction=extraction({"k1": READING}),
    )  # fmt: skip
    return replace(fields, **changes)


def test_the_same_facts_give_the_same_records() -> None:
    assert project(study()) == project(study())


def test_every_mention_relation_and_finding_arrives_with_its_presence() -> None:
    graph = project(study())

    assert [(m.text, m.presence, m.finding is not None) for m in graph.mentions] == [
        ("Left", Presence.PRESENT, False),
        ("effusion", Presence.PRESENT, True),
        ("pneumothorax", Presence.ABSENT, True),
    ]
    left, effusion, _ = graph.mentions
    assert [(r.head, r.type, r.tail) for r in graph.relations] == [
        (effusion.mention_id, RelationType.LOCATED_AT, left.mention_id)
    ]
    assert effusion.finding is not None
    assert (effusion.finding.concept_code, effusion.finding.laterality) == ("RID4872", "left")
    assert (effusion.concept.name, effusion.link_rule) == ("effusion", "exact")


def test_of_the_birth_date_only_the_year_leaves_the_ledger() -> None:
    assert project(study()).patient.birth_year == 1950
    assert "1950-06" not in repr(project(study()))


def test_all_versions_are_there_and_only_the_current_one_was_read() -> None:
    versions = (
        report("k0", version=1, status="P", current=False),
        report("k1", version=2, supersedes="k0"),
    )
    graph = project(study(reports=versions))

    assert [(r.report_key, r.version, r.current, r.supersedes) for r in graph.reports] == [
        ("k0", 1, False, None),
        ("k1", 2, True, "k0"),
    ]
    assert graph.extraction is not None
    assert graph.extraction.reads == ("k1",)
    assert {mention.report_key for mention in graph.mentions} == {"k1"}


@pytest.mark.parametrize(
    "reports",
    [
        (report("k1", status="X", current=False),),
        (report("k1", version=1, current=False), report("k2", version=2, status="C", supersedes="k1")),
    ],
    ids=["withdrawn", "superseded and not read yet"],
)
def test_findings_of_what_is_not_current_are_not_in_the_graph(reports: tuple[LedgerReport, ...]) -> None:
    graph = project(study(reports=reports))

    assert len(graph.reports) == len(reports)
    assert (graph.extraction, graph.mentions, graph.relations) == (None, (), ())


def test_a_study_that_nobody_has_read_yet_has_its_reports_and_nothing_else() -> None:
    graph = project(study(extraction=None))

    assert len(graph.reports) == 1
    assert (graph.extraction, graph.mentions, graph.relations) == (None, (), ())


def test_an_addendum_with_the_same_words_has_mentions_of_its_own() -> None:
    both = (report("k1"), report("k2", addendum=True))
    graph = project(study(reports=both, extraction=extraction({"k1": READING, "k2": READING})))

    assert len({mention.mention_id for mention in graph.mentions}) == 6
    ends = {end for relation in graph.relations for end in (relation.head, relation.tail)}
    assert ends <= {mention.mention_id for mention in graph.mentions}


def test_the_order_in_which_readings_were_stored_changes_nothing() -> None:
    both = (report("k1"), report("k2", addendum=True))
    there = extraction({"k1": READING, "k2": Reading(ReportGraph(), (), ())})
    back = replace(there, result=dump_readings({"k2": Reading(ReportGraph(), (), ()), "k1": READING}))

    assert project(study(reports=both, extraction=there)) == project(study(reports=both, extraction=back))


def test_mentions_alike_in_all_but_their_order_have_ids_of_their_own() -> None:
    seen = Mention(0, 0, "effusion", Kind.OBSERVATION, Presence.PRESENT, "image")
    reading = Reading(ReportGraph((seen, seen)), (EFFUSION, EFFUSION), ())
    graph = project(study(extraction=extraction({"k1": reading})))

    assert len({mention.mention_id for mention in graph.mentions}) == 2


def test_the_report_text_stays_out_unless_asked_for() -> None:
    assert [r.text for r in project(study()).reports] == [None]
    assert [r.text for r in project(study(), with_text=True).reports] == [TEXT]


def test_images_keep_what_was_told_of_them() -> None:
    image = LedgerImage("1.2.3.4", "abc", "PA", 2048, 1024)
    (record,) = project(study(images=(image,))).images

    assert (record.sop_instance_uid, record.view, record.rows, record.columns, record.digest) == (
        "1.2.3.4", "PA", 2048, 1024, "abc",
    )  # fmt: skip


def test_a_stored_reading_comes_back_as_it_was() -> None:
    assert load_readings(dump_readings({"k1": READING})) == {"k1": READING}


def test_a_damaged_result_is_an_error() -> None:
    with pytest.raises(ValidationError):
        load_readings('{"k1": {"graph": {"mentions": [{"start": "x"}]}}}')


def test_the_stored_form_is_read_for_ever() -> None:
    stored = (
        '{"k1":{"graph":{"mentions":[{"start":0,"end":8,"text":"effusion","kind":"observation","presence":"absent",'
        '"section":"findings","score":null,"witness":"rules"}],"relations":[]},"links":[{"code":"RID4872",'
        '"system":"RadLex","name":"effusion","score":1.0,"rule":"exact"}],"findings":[{"mention":0,"concept":'
        '{"code":"RID4872","system":"RadLex","name":"effusion","score":1.0,"rule":"exact"},"laterality":null,'
        '"severity":null,"place_codes":[]}],"rejections":[],"warnings":[]}}'
    )
    assert load_readings(stored)["k1"].graph.mentions[0].presence is Presence.ABSENT
    assert load_readings(dump_readings(load_readings(stored))) == load_readings(stored)


def test_what_two_witnesses_said_is_kept_whole() -> None:
    mention = Mention(
        3, 11, "effusion", Kind.OBSERVATION, Presence.UNCERTAIN, "findings", 0.75, Witness.MODEL, disputed=True
    )
    reading = replace(
        read_graph("No effusion", ReportGraph((mention,))), truncated=True, agreement=Agreement(1, 2, 3, 4, 5, 6, 7)
    )
    assert load_readings(dump_readings({"k": reading})) == {"k": reading}


def test_the_extraction_shows_its_checkpoint_its_warnings_and_how_the_witnesses_compare() -> None:
    compared = replace(READING, agreement=Agreement(2, 1, 0, 1, 0, 0, 1))
    twice = extraction({"k1": compared, "k2": compared}, checkpoint="small", checkpoint_digest="c" * 64,
                       warnings=("presence_conflict",))  # fmt: skip
    found = project(study(reports=(report("k1"), report("k2")), extraction=twice)).extraction

    assert found is not None
    assert (found.checkpoint, found.checkpoint_digest, found.warnings) == ("small", "c" * 64, ("presence_conflict",))
    assert found.agreement == Agreement(4, 2, 0, 2, 0, 0, 2)
    alone = project(study()).extraction
    assert alone is not None
    assert alone.agreement is None


def test_what_a_film_alone_shows_belongs_to_no_report() -> None:
    seen = Mention(0, 0, "effusion", Kind.OBSERVATION, Presence.PRESENT, "image", 0.5, Witness.MODEL)
    twice = Reading(ReportGraph((seen, seen)), (EFFUSION, EFFUSION), (Finding(0, EFFUSION, None, None),))
    films = tuple(LedgerImage(uid, "d", None, None, None) for uid in ("1.2.1", "1.2.2"))
    read = extraction({"k1": READING, "1.2.1": twice, "1.2.2": twice}, modalities=("text", "image"))
    graph = project(study(images=films, extraction=read))

    assert [mention.report_key for mention in graph.mentions].count(None) == 4
    assert len({mention.mention_id for mention in graph.mentions}) == 7
