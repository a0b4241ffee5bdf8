"""What persons say of findings: through the API into the ledger, and from there through every change of the graph."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.reviewing import MAX_NOTE
from graph.digest import graph_digest
from graph.verify import violations
from graph.writes import Projection, merge_studies
from ingest.formats.origin import Format
from ingest.ledger import study_facts
from ingest.ledger.access import audit
from ingest.ledger.access.api_keys import Role
from ingest.ledger.readings import checkpoints
from ingest.ledger.storage.tables import finding_reviews
from ingest.receiving.submit import ReceivedMessage, receive
from ingest.settings import receiver_of
from ingest.workers.extract import extract_some
from ingest.workers.rebuild import rebuild
from ingest.workers.reread import reread
from ingest.workers.study_reader import Films, reader_of
from tests.api.conftest import SUBMIT, Api, Serve, submission
from tests.ingest.formats.dicom_files import film, part10
from vlmkg.data_dir import DataDir
from vlmkg.engine_protocol import FilmDomain, ImageEntity, ImageInput, Lead, Modality, StudyInput, StudyOutput
from vlmkg.pipeline import load_engine
from vlmkg.schema import Kind, Mention, Presence

VIEWER, RESEARCHER, OPERATOR, ADMIN = Role
TEXT = "FINDINGS: Small left pleural effusion. No pneumothorax."
EFFUSION = {"concept": {"name": "pleural effusion"}}

REVIEW = """mutation ($id: ID!, $verdict: ReviewVerdict!, $note: String, $presence: Presence) {
  reviewFinding(id: $id, verdict: $verdict, note: $note, presence: $presence) {
    finding { id presence review reviews { reviewer verdict presence mayRead holds said { text presence } } } } }"""
FINDINGS = """query ($where: FindingWhere) { findings(where: $where) { totalCount edges { node {
  id text presence review reviews { reviewer verdict presence holds mayRead at
  said { text presence conceptCode conceptName laterality severity } } } } } }"""


def shown(api: Api, where: Any = None, role: Role = VIEWER) -> list[dict[str, Any]]:
    page = api.data(FINDINGS, role, where=where)["findings"]
    if role is not RESEARCHER:
        # Researchers get rounded totals (tests/api/test_counts.py).
        assert page["totalCount"] == len(page["edges"])
    return [edge["node"] for edge in page["edges"]]


ANY = ("UNREVIEWED", "CONFIRMED", "REJECTED", "CONTESTED", "UNDECIDED")


def finding(api: Api, review: Sequence[str] = ANY, role: Role = VIEWER) -> Any:
    (found,) = shown(api, EFFUSION | {"review": list(review)}, role)
    return found


def say(api: Api, verdict: str, role: Role = VIEWER, finding_id: str = "", **more: Any) -> Any:
    found = finding_id or finding(api, role=role)["id"]
    return api.data(REVIEW, role, id=found, verdict=verdict, **more)["reviewFinding"]


def rows(api: Api) -> list[Any]:
    with api.ledger.read() as connection:
        return list(connection.execute(finding_reviews.select().order_by(finding_reviews.c.id)))


@pytest.fixture
def one(api: Api) -> Api:
    """One report with an effusion, read and merged."""
    api.submit("r1", TEXT, "anna", startedAt="2024-01-01", studyUid="1.2.1")
    api.work()
    return api


class Other:
    """The rules under another name; `change` is done to each mention of a report. A film may show something, too."""

    checkpoint = None
    checkpoint_digest = film_domain = None
    lead = Lead.ALWAYS

    def __init__(self, change: Callable[[Mention], Mention] = lambda mention: mention) -> None:
        self.name = self.digest = f"other {id(change)}"
        self._change = change

    def read(self, given: Sequence[StudyInput]) -> list[StudyOutput]:
        return [
            replace(said, reports=tuple(map(self._changed, said.reports))) for said in load_engine("rules").read(given)
        ]

    def _changed(self, report: Any) -> Any:
        mentions = tuple(self._change(mention) for mention in report.graph.mentions)
        return replace(report, graph=replace(report.graph, mentions=mentions))


def read_by(api: Api, engine: Any) -> None:
    """Have this engine's readings stand, in the graph too."""
    reader = reader_of(engine)
    reread(api.ledger, reader, lambda _: None)
    with api.ledger.write() as connection:
        checkpoints.select_engine(connection, checkpoints.find_engine(connection, engine.name))
    api.work()


def uncertain(mention: Mention) -> Mention:
    return replace(mention, presence=Presence.UNCERTAIN) if mention.text == "effusion" else mention


def wider(mention: Mention) -> Mention:
    """`pleural effusion` cannot be one mention here, for `pleural` is another: `effusion.` is."""
    return replace(mention, end=mention.end + 1, text=mention.text + ".") if mention.text == "effusion" else mention


def test_who_says_what_of_what(one: Api) -> None:
    before = finding(one)
    assert (before["review"], before["reviews"]) == ("UNREVIEWED", [])
    payload = say(one, "WRONG", note=" No such thing: Anna had it last year. ", presence="ABSENT")["finding"]
    assert (payload["id"], payload["presence"], payload["review"]) == (before["id"], "PRESENT", "REJECTED")
    (row,) = rows(one)
    assert (row.reviewer, row.verdict, row.presence, row.may_read) == ("viewer-key", "wrong", "absent", True)
    assert row.note == "No such thing: Anna had it last year."
    assert (row.words, row.said_presence, row.concept_name) == ("effusion", "present", "pleural effusion")
    assert TEXT[row.span_start : row.span_end] == "effusion"
    assert before["id"] == f"Finding:{row.mention_id}"
    (review,) = finding(one)["reviews"]
    assert review.pop("at").endswith("Z")
    assert review == {
        "reviewer": "viewer-key", "verdict": "WRONG", "presence": "ABSENT", "holds": True, "mayRead": True,
        "said": {
            "text": "effusion", "presence": "PRESENT", "conceptCode": "RID34539", "conceptName": "pleural effusion",
            "laterality": "left", "severity": row.severity,
        },
    }  # fmt: skip


def test_a_rejected_finding_says_what_it_said_and_comes_out_when_it_is_asked_for(one: Api) -> None:
    say(one, "WRONG", presence="ABSENT")
    assert [found["review"] for found in shown(one, EFFUSION)] == ["REJECTED"], "until the graph has followed"
    one.work()
    assert shown(one, EFFUSION) == []
    assert shown(one, EFFUSION | {"presence": ["ABSENT"]}) == []
    (rejected,) = shown(one, EFFUSION | {"review": ["REJECTED"]})
    assert (rejected["presence"], rejected["review"]) == ("PRESENT", "REJECTED")
    by_id = one.data("query ($id: ID!) { node(id: $id) { ... on Finding { review } } }", id=rejected["id"])
    assert by_id == {"node": {"review": "REJECTED"}}
    say(one, "CORRECT", OPERATOR)
    one.work()
    assert [found["review"] for found in shown(one, EFFUSION)] == ["CONTESTED"]


def test_every_list_and_count_leaves_rejected_findings_out_unless_asked_for_them(serve: Serve) -> None:
    api = serve(VLMKG_MIN_CELL=1, VLMKG_API_TIMEOUT=100)
    api.submit("r1", "FINDINGS: Opacity in the right lower lobe, suspicious for pneumonia.", "carl", studyUid="1.2.5")
    api.work()
    query = """query ($finding: FindingWhere!) {
      cohort(where: {finding: $finding}) { patients { count } }
      patients(where: {hasFinding: $finding}) { totalCount }
      studies(first: 2, where: {hasFinding: $finding}) { totalCount
        edges { node { findings(where: $finding) { totalCount } patient { timeline { findings { text } } } } } }
      findings(where: {suggests: $finding}) { totalCount } }"""
    pneumonia = {"concept": {"name": "pneumonia"}}
    (found,) = shown(api, pneumonia)
    before = api.data(query, finding=pneumonia)
    assert before["cohort"]["patients"]["count"] == before["findings"]["totalCount"] == 1
    say(api, "WRONG", finding_id=found["id"])
    api.work()
    after = api.data(query, finding=pneumonia)
    assert after == {
        "cohort": {"patients": {"count": 0}},
        "patients": {"totalCount": 0},
        "studies": {"totalCount": 0, "edges": []},
        "findings": {"totalCount": 0},
    }
    asked = api.data(query, finding=pneumonia | {"review": ["REJECTED"]})
    (study,) = asked["studies"]["edges"]
    timeline = study["node"]["patient"]["timeline"]
    assert [one["text"] for entry in timeline for one in entry["findings"]] == ["Opacity"]
    assert asked["cohort"]["patients"]["count"] == asked["patients"]["totalCount"] == 1
    assert asked["findings"]["totalCount"] == study["node"]["findings"]["totalCount"] == 1
    (sign,) = api.data("{ findings { edges { node { suggests { text } } } } }")["findings"]["edges"]
    assert sign["node"]["suggests"] == []


def test_a_rejected_denial_denies_nothing(one: Api) -> None:
    denial = {"concept": {"name": "pneumothorax"}, "presence": ["ABSENT"]}
    (found,) = shown(one, denial)
    say(one, "WRONG", finding_id=found["id"])
    one.work()
    assert shown(one, denial) == []


def test_two_reviewers_differ_and_one_takes_it_back(one: Api) -> None:
    say(one, "WRONG")
    say(one, "CANNOT_TELL")
    say(one, "WRONG")
    said = say(one, "CORRECT", OPERATOR)["finding"]
    assert said["review"] == "CONTESTED"
    assert [(each["reviewer"], each["verdict"]) for each in said["reviews"]] == [
        ("viewer-key", "WRONG"),
        ("operator-key", "CORRECT"),
    ]
    said = say(one, "WITHDRAWN")["finding"]
    assert said["review"] == "CONFIRMED"
    assert [each["reviewer"] for each in said["reviews"]] == ["operator-key"]
    assert say(one, "WITHDRAWN", ADMIN)["finding"]["review"] == "CONFIRMED"
    assert len(rows(one)) == 6


def test_researchers_object_but_decide_nothing_and_see_no_note(one: Api) -> None:
    """They have not seen the report."""
    assert say(one, "WRONG", RESEARCHER, note="a word")["finding"]["review"] == "CONTESTED"
    one.work()
    assert [found["review"] for found in shown(one, EFFUSION, RESEARCHER)] == ["CONTESTED"]
    say(one, "WRONG", note="another word")
    one.work()
    assert shown(one, EFFUSION, RESEARCHER) == []
    (found,) = shown(one, EFFUSION | {"review": ["REJECTED", "CONTESTED"]}, RESEARCHER)
    assert [each["mayRead"] for each in found["reviews"]] == [False, True]
    notes = "{ findings(where: {review: [REJECTED]}) { edges { node { reviews { note } } } } }"
    assert one.code(notes, RESEARCHER) == "FORBIDDEN"
    (edge,) = one.data(notes, VIEWER)["findings"]["edges"]
    assert [each["note"] for each in edge["node"]["reviews"]] == ["a word", "another word"]


@pytest.mark.parametrize("change", [lambda mention: mention, wider])
def test_a_verdict_follows_the_fact_into_another_engines_reading(one: Api, change: Any) -> None:
    before = finding(one)["id"]
    say(one, "WRONG")
    read_by(one, Other(change))
    assert shown(one, EFFUSION) == []
    after = finding(one, ["REJECTED"])
    assert after["id"] != before
    assert [(each["verdict"], each["holds"]) for each in after["reviews"]] == [("WRONG", True)]
    assert one.data(REVIEW, id=before, verdict="CORRECT") == {"reviewFinding": None}
    assert say(one, "WITHDRAWN")["finding"]["review"] == "UNREVIEWED"


def test_a_verdict_on_another_presence_is_shown_and_holds_no_more(one: Api) -> None:
    say(one, "WRONG", presence="ABSENT")
    read_by(one, Other(uncertain))
    (found,) = shown(one, EFFUSION)
    assert (found["presence"], found["review"]) == ("UNCERTAIN", "UNREVIEWED")
    (review,) = found["reviews"]
    assert (review["verdict"], review["holds"], review["said"]["presence"]) == ("WRONG", False, "PRESENT")
    assert say(one, "CORRECT")["finding"]["review"] == "CONFIRMED"
    read_by(one, load_engine("rules"))
    assert shown(one, EFFUSION) == []
    assert [(each["verdict"], each["holds"]) for each in finding(one, ["REJECTED"])["reviews"]] == [
        ("WRONG", True),
        ("CORRECT", False),
    ]


def test_a_corrected_report_is_to_be_reviewed_anew_and_its_withdrawal_brings_the_verdict_back(one: Api) -> None:
    say(one, "WRONG")
    one.submit("r1", TEXT + " Heart size is normal.", "anna", startedAt="2024-01-01", studyUid="1.2.1")
    one.work()
    found = finding(one)
    assert (found["review"], found["reviews"]) == ("UNREVIEWED", [])
    again = submission("r1", TEXT, "anna", startedAt="2024-01-01", studyUid="1.2.1") | {"status": "CORRECTED"}
    one.data(SUBMIT, input=again)
    one.work()
    assert finding(one)["review"] == "REJECTED"


def test_a_rebuild_has_every_verdict_and_the_same_digest(one: Api) -> None:
    bare = graph_digest(one.graph)
    say(one, "WRONG")
    one.work()
    digest = graph_digest(one.graph)
    assert digest != bare
    rebuild(one.ledger, one.target, lambda _: None)
    assert graph_digest(one.graph) == digest
    with one.ledger.read() as connection:
        keys = study_facts.all_study_keys(connection)
    merge_studies(one.graph, lambda: Projection(vanished_keys=keys))
    rebuild(one.ledger, one.target, lambda _: None)
    assert graph_digest(one.graph) == digest
    assert set(violations(one.graph).values()) == {0}
    assert shown(one, EFFUSION) == []
    say(one, "WITHDRAWN")
    one.work()
    assert graph_digest(one.graph) == bare


def test_many_reviews_at_once_are_all_kept(one: Api) -> None:
    roles = [VIEWER, OPERATOR, ADMIN, RESEARCHER] * 5
    # A researcher's identifiers are others than everybody else's.
    found = {role: finding(one, role=role)["id"] for role in set(roles)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda role: say(one, "CORRECT" if role is ADMIN else "WRONG", role, found[role]), roles))
    assert len(rows(one)) == len(roles)
    one.work()
    said = finding(one)
    assert said["review"] == "CONTESTED"
    assert {each["reviewer"]: each["verdict"] for each in said["reviews"]} == {
        "viewer-key": "WRONG",
        "operator-key": "WRONG",
        "admin-key": "CORRECT",
        "researcher-key": "WRONG",
    }


class Seeing:
    """Sees cardiomegaly in every synthetic film."""

    name = "seeing"
    checkpoint = checkpoint_digest = None
    digest = "1"
    film_domain = FilmDomain.SYNTHETIC
    lead = Lead.ALWAYS

    def read(self, given: Sequence[StudyInput]) -> list[StudyOutput]:
        return [StudyOutput((), (Modality.IMAGE,), tuple(map(self._entity, study.images))) for study in given]

    def _entity(self, image: ImageInput) -> ImageEntity:
        return ImageEntity(image.key, "cardiomegaly", Kind.OBSERVATION, Presence.PRESENT, 0.9)


def test_what_a_film_shows_is_reviewed_film_by_film(api: Api, tmp_path: Path) -> None:
    receiver = receiver_of(DataDir(tmp_path / "var"))
    reader = reader_of(Seeing(), Films(receiver.blobs, FilmDomain.SYNTHETIC))
    for number in (1, 2):
        uids = {"StudyInstanceUID": f"1.2.{number}", "SOPInstanceUID": f"1.2.{number}.1"}
        receive(receiver, ReceivedMessage(part10(film(**uids)), Format.DICOM))
    while extract_some(api.ledger, reader, "tests", timedelta(seconds=30)):
        pass
    api.work()
    first, second = shown(api)
    assert (first["text"], first["id"] != second["id"]) == ("cardiomegaly", True)
    assert say(api, "WRONG", finding_id=first["id"])["finding"]["review"] == "REJECTED"
    api.work()
    assert [found["id"] for found in shown(api)] == [second["id"]]
    receiver.ledger.close()


def test_there_is_no_such_finding(one: Api) -> None:
    assert one.data(REVIEW, id="Finding:nothing", verdict="WRONG") == {"reviewFinding": None}
    for bad in ("nothing", "Study:x", "Finding:"):
        assert one.code(REVIEW, id=bad, verdict="WRONG") == "BAD_USER_INPUT"
    assert rows(one) == []


@pytest.mark.parametrize(
    "given",
    [
        {"verdict": "PERHAPS"},
        {"verdict": "WRONG", "presence": "PRESENT"},
        {"verdict": "CORRECT", "presence": "ABSENT"},
        {"verdict": "WRONG", "note": "x" * (MAX_NOTE + 1)},
        {"verdict": "WRONG", "note": "a\0b"},
    ],
)
def test_what_is_no_review_is_refused_and_not_kept(one: Api, given: dict[str, Any]) -> None:
    assert one.code(REVIEW, id=finding(one)["id"], **given) == "BAD_USER_INPUT"
    assert rows(one) == []
    say(one, "WRONG", note="x" * MAX_NOTE)
    assert len(rows(one)) == 1


def test_reviewing_and_reading_reviews_are_in_the_audit_trail_without_the_note(one: Api) -> None:
    found = finding(one)["id"]
    say(one, "WRONG", finding_id=found, note="a secret")
    shown(one, EFFUSION)
    with one.ledger.read() as connection:
        read, reviewed, *_ = audit.entries(connection, limit=2)
    assert (reviewed.actor, reviewed.action, reviewed.outcome) == ("viewer-key", "mutation reviewFinding", "ok")
    assert (read.action, read.patients) == ("query findings", reviewed.patients)
    assert len(reviewed.patients) == 1
    assert "secret" not in repr(reviewed)


def test_a_second_reader_is_told_what_is_left_and_nothing_of_the_first(one: Api) -> None:
    asked = """{ findings(where: {presence: [PRESENT]}) { edges { node { reviewedByMe } } }
      reviewAgreement { statements twice pairs { both agreed } } }"""

    def seen(role: Role) -> Any:
        answer = one.data(asked, role)
        return [edge["node"]["reviewedByMe"] for edge in answer["findings"]["edges"]], answer["reviewAgreement"]

    assert seen(VIEWER) == ([False], {"statements": 0, "twice": 0, "pairs": []})
    say(one, "CORRECT", VIEWER)
    assert seen(VIEWER) == ([True], {"statements": 1, "twice": 0, "pairs": []})
    assert seen(OPERATOR)[0] == [False]
    say(one, "CORRECT", OPERATOR)
    assert seen(OPERATOR) == ([True], {"statements": 1, "twice": 1, "pairs": [{"both": 1, "agreed": 1}]})
    say(one, "WITHDRAWN", VIEWER)
    assert seen(VIEWER)[0] == [False]
