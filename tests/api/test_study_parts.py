"""What a page shows of one study: its mentions with their relations, pictures of its films; and who asks."""

import io
import json
from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select, update

from ingest.formats.origin import Format
from ingest.ledger.access import audit
from ingest.ledger.access.api_keys import Role
from ingest.ledger.storage.tables import extractions
from ingest.receiving.submit import ReceivedMessage, receive
from ingest.settings import receiver_of
from tests.api.conftest import SUBMIT, Api, Serve, submission
from tests.ingest.formats.dicom_files import film, part10
from vlmkg.data_dir import DataDir

TEXT = "FINDINGS: Small left pleural effusion. No pneumothorax. Opacity suspicious for pneumonia."
MENTIONS = """query ($uid: String!) { study(studyUid: $uid) { studyKey mentions {
  mentionId kind text presence isFinding witness reportKey span { start end section } concept { name }
  relations { type target witness } }
  findings(where: {presence: [PRESENT, UNCERTAIN, ABSENT]}, first: 50) { edges { node { id text } } } } }"""
FILM = """query ($key: String!, $uid: String!, $side: Int!, $encoding: FilmEncoding!) {
  film(studyKey: $key, sopInstanceUid: $uid, maxSide: $side, encoding: $encoding) {
  mediaType base64 rows columns shownRows shownColumns } }"""

WINDOWED = """query ($key: String!, $uid: String!, $center: Float, $width: Float) {
  film(studyKey: $key, sopInstanceUid: $uid, windowCenter: $center, windowWidth: $width) {
  base64 levels { least greatest windowCenter windowWidth inverted } } }"""


def mentions(api: Api, role: Role = Role.VIEWER) -> Any:
    api.submit("m1", TEXT, studyUid="1.2.7")
    api.work()
    if role is not Role.RESEARCHER:
        return api.data(MENTIONS, role, uid="1.2.7")["study"]
    key = api.data("{ studies { edges { node { studyKey } } } }", role)["studies"]["edges"][0]["node"]["studyKey"]
    by_key = MENTIONS.replace("$uid: String!", "$key: String!").replace("studyUid: $uid", "studyKey: $key")
    return api.data(by_key, role, key=key)["study"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESEARCHER])
def test_mentions_have_their_words_and_lead_to_each_other(api: Api, role: Role) -> None:
    study = mentions(api, role)
    found = {one["text"]: one for one in study["mentions"]}
    texts = {one["mentionId"]: one["text"] for one in study["mentions"]}
    assert all(TEXT[one["span"]["start"] : one["span"]["end"]] == one["text"] for one in study["mentions"])
    leads = {(text, to["type"], texts[to["target"]]) for text, one in found.items() for to in one["relations"]}
    assert leads == {
        ("Small", "MODIFY", "effusion"),
        ("left", "MODIFY", "pleural"),
        ("effusion", "LOCATED_AT", "pleural"),
        ("Opacity", "SUGGESTIVE_OF", "pneumonia"),
    }
    said = {text: (one["kind"], one["presence"], one["isFinding"]) for text, one in found.items()}
    assert said["pleural"] == ("ANATOMY", None, False)
    assert said["Small"] == ("OBSERVATION", "PRESENT", False)
    assert said["pneumothorax"] == ("OBSERVATION", "ABSENT", True)
    assert said["pneumonia"] == ("OBSERVATION", "UNCERTAIN", True)
    ids = {edge["node"]["id"] for edge in study["findings"]["edges"]}
    assert ids == {f"Finding:{one['mentionId']}" for one in study["mentions"] if one["isFinding"]}


ASIDE = """query ($key: String!) { study(studyKey: $key) {
  reports { version current text setAside { start end reason text } }
  findings(where: {presence: [PRESENT, UNCERTAIN, ABSENT]}) { edges { node { report { setAside { reason } } } } } } }"""
TOLD = (
    "INDICATION: Cough, query pneumonia.\nCOMPARISON: Film of May shows a left effusion.\n"
    "FINDINGS: No pneumothorax.\nRECOMMENDATION: CT.\nElectronically signed by: Dr A. Example"
)


def key_of(api: Api, role: Role = Role.ADMIN) -> str:
    """The key of the only study."""
    (edge,) = api.data("{ studies { edges { node { studyKey } } } }", role)["studies"]["edges"]
    key: str = edge["node"]["studyKey"]
    return key


def test_what_was_set_aside_is_told_with_its_reason(api: Api) -> None:
    api.submit("s1", TOLD, studyUid="1.2.9")
    api.work()
    study = api.data(ASIDE, Role.VIEWER, key=key_of(api))["study"]
    (report,) = study["reports"]
    assert report["text"] == TOLD
    aside = report["setAside"]
    assert [one["text"] for one in aside] == [TOLD[one["start"] : one["end"]] for one in aside]
    assert {one["reason"]: one["text"].strip() for one in aside if one["reason"] != "heading"} == {
        "indication": "Cough, query pneumonia.",
        "comparison": "Film of May shows a left effusion.",
        "advice": "CT.",
        "sign_off": "Dr A. Example",
    }
    assert [one["text"].strip() for one in aside if one["reason"] == "heading"] == [
        "INDICATION:", "COMPARISON:", "FINDINGS:", "RECOMMENDATION:", "Electronically signed by:",
    ]  # fmt: skip
    (finding,) = study["findings"]["edges"]
    assert finding["node"]["report"]["setAside"] == [{"reason": one["reason"]} for one in aside]


def test_whoever_may_not_read_the_report_gets_no_word_of_what_was_set_aside(api: Api) -> None:
    api.submit("s1", TOLD, studyUid="1.2.9")
    api.work()
    key = key_of(api, Role.RESEARCHER)
    assert api.code(ASIDE, Role.RESEARCHER, key=key) == "FORBIDDEN"
    asked = "query ($key: String!) { study(studyKey: $key) { reports { setAside { start end reason %s } } } }"
    assert api.code(asked % "text", Role.RESEARCHER, key=key) == "FORBIDDEN"
    (report,) = api.data(asked % "", Role.RESEARCHER, key=key)["study"]["reports"]
    assert {"indication", "comparison"} <= {one["reason"] for one in report["setAside"]}
    with api.ledger.read() as connection:
        entry = audit.entries(connection, limit=1)[0]
    assert (entry.actor, entry.action, entry.outcome) == ("researcher-key", "query study", "ok")
    assert len(entry.patients) == 1


def test_a_report_without_a_reading_has_none_set_aside(api: Api) -> None:
    """What was replaced before it was read, and what was read by a release that did not keep the stretches."""
    api.submit("s1", TOLD, studyUid="1.2.9")
    corrected = submission("s1", "FINDINGS: Clear.", studyUid="1.2.9") | {"status": "CORRECTED"}
    api.data(SUBMIT, input=corrected)
    api.work()
    key = key_of(api)
    old, new = api.data(ASIDE, key=key)["study"]["reports"]
    assert (old["current"], old["setAside"], new["current"]) == (False, None, True)
    assert [one["text"] for one in new["setAside"]] == ["FINDINGS: "]
    with api.ledger.write() as connection:
        stored = json.loads(connection.execute(select(extractions.c.result)).scalar_one())
        for reading in stored.values():
            del reading["set_aside"]
        connection.execute(update(extractions).values(result=json.dumps(stored)))
    assert api.data(ASIDE, key=key)["study"]["reports"][1]["setAside"] is None


def test_a_film_comes_as_a_picture_of_the_wanted_size(serve: Serve, tmp_path: Any) -> None:
    api = serve()
    grey = np.linspace(0, 4095, 300 * 200).reshape(300, 200).astype(np.uint16)
    raw = part10(film(pixels=grey.tobytes(), Rows=300, Columns=200))
    receive(receiver_of(DataDir(tmp_path / "var")), ReceivedMessage(raw, Format.DICOM))
    api.work()
    (edge,) = api.data("{ studies { edges { node { studyKey images { sopInstanceUid } } } } }")["studies"]["edges"]
    key, uid = edge["node"]["studyKey"], edge["node"]["images"][0]["sopInstanceUid"]
    shown = api.data(FILM, key=key, uid=uid, side=4096, encoding="PNG")["film"]
    with api.ledger.read() as connection:
        (entry,) = audit.entries(connection, limit=1)
    assert (entry.action, len(entry.patients)) == ("query film", 1)
    assert (shown["rows"], shown["columns"], shown["shownRows"]) == (300, 200, 300)
    with Image.open(io.BytesIO(b64decode(shown["base64"]))) as picture:
        pixels = np.asarray(picture)
        assert (picture.format, pixels[0, 0], pixels[-1, -1]) == ("PNG", 0, 255)
    assert api.data(WINDOWED, key=key, uid=uid)["film"]["levels"] == {
        "least": 0, "greatest": 4095, "windowCenter": 2047.5, "windowWidth": 4095, "inverted": False,
    }  # fmt: skip
    high = api.data(WINDOWED, key=key, uid=uid, center=4000, width=190)["film"]
    assert (high["levels"]["windowCenter"], high["levels"]["windowWidth"]) == (4000, 190)
    with Image.open(io.BytesIO(b64decode(high["base64"]))) as picture:
        pixels = np.asarray(picture)
        assert (pixels[0, 0], pixels[-1, -1], len(np.unique(pixels))) == (0, 255, 191)
    for half in ({"center": 1}, {"width": 1}, {"center": 1, "width": 0}):
        assert api.code(WINDOWED, key=key, uid=uid, **half) == "BAD_USER_INPUT"
    small = api.data(FILM, key=key, uid=uid, side=64, encoding="JPEG")["film"]
    assert (small["mediaType"], small["shownRows"], small["shownColumns"]) == ("image/jpeg", 64, 43)
    assert api.data(FILM, key=key, uid="1.2.other", side=64, encoding="PNG")["film"] is None
    for side in (63, 4097):
        assert api.code(FILM, key=key, uid=uid, side=side, encoding="PNG") == "BAD_USER_INPUT"
    for blob in (tmp_path / "var" / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()
    assert api.code(FILM, key=key, uid=uid, side=64, encoding="PNG") == "NO_PAYLOAD"


def test_everybody_learns_their_own_rights(api: Api) -> None:
    asked = "{ caller { name role rights } }"
    assert api.data(asked, Role.RESEARCHER)["caller"] == {
        "name": "researcher-key",
        "role": "RESEARCHER",
        "rights": ["READ", "REVIEW"],
    }
    assert "OPERATE" in api.data(asked, Role.OPERATOR)["caller"]["rights"]


def test_studies_by_disputes_and_by_warnings(api: Api) -> None:
    api.submit("m1", TEXT, studyUid="1.2.7")
    api.submit("m2", "FINDINGS: Die Lunge ist frei belüftet, kein Pleuraerguss, kein Pneumothorax.", studyUid="1.2.8")
    api.work()
    asked = "query ($where: StudyWhere) { studies(where: $where) { edges { node { studyUid } } } }"

    def found(**where: Any) -> list[str]:
        return [edge["node"]["studyUid"] for edge in api.data(asked, where=where)["studies"]["edges"]]

    assert found(warning=["language", "no_such_code"]) == ["1.2.8"]
    assert found(warning=[]) == []
    assert found(hasFinding={"disputed": True}) == []
    assert found(hasFinding={"disputed": False}) == ["1.2.7"]
    with api.graph.session() as session:
        session.run("MATCH (f:Finding {text: 'effusion'}) SET f.disputed = true").consume()
    assert found(hasFinding={"disputed": True}) == ["1.2.7"]
