"""Keys that one could compute from a UID, a text or a film: what a researcher sees of them, and what it opens."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from graphql import GraphQLObjectType, build_schema
from hypothesis import given
from hypothesis import strategies as st

from api import cursors
from api.cursors import Listed
from api.masked_keys import KeyMask, hide_place, mask_of, reveal_place
from api.response_plans import COMPUTED_KEYS
from api.rights import NEEDED_BY_FIELD
from api.schema import SDL
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api
from vlmkg.identity import digest

KEYS = st.binary(min_size=32, max_size=32).map(bytes.hex)
MASK = mask_of(b"k" * 64)


@given(KEYS)
def test_a_key_is_hidden_and_found_again(key: str) -> None:
    shown = MASK.hide(key)
    assert shown != key
    assert len(shown) == 64
    assert MASK.reveal(shown) == key
    assert mask_of(b"another key" * 6).hide(key) != shown


@given(st.text() | KEYS.map(str.upper))
def test_what_is_no_key_opens_nothing(given_: str) -> None:
    """It is not the hidden form of anything, and what stands in its place can't be turned back."""
    if given_ != given_.lower() or len(given_) != 64:
        assert MASK.reveal(given_) == given_
        assert MASK.hide(given_) != given_


@given(KEYS, st.sampled_from(("~", "2024-01-01T08:00:00.000000Z")))
def test_places_keep_their_time(key: str, time: str) -> None:
    place = hide_place(MASK, f"{time}/{key}")
    assert place.startswith(f"{time}/")
    assert key not in place
    assert reveal_place(MASK, place) == f"{time}/{key}"


def test_one_bit_changes_half_of_the_others() -> None:
    """As a permutation at random would: keys that are alike do not look alike."""
    mask, key = KeyMask(b"s" * 32), bytes(range(32))
    own = int(mask.hide(key.hex()), 16)
    for bit in range(256):
        other = (int.from_bytes(key) ^ (1 << bit)).to_bytes(32)
        assert 80 < (own ^ int(mask.hide(other.hex()), 16)).bit_count() < 176


EVERYTHING = """{ studies { edges { cursor node { id studyKey reports { reportKey textDigest } images { digest }
    extraction { extractionId } findings { edges { cursor node { id report { reportKey textDigest }
    study { studyKey } suggests { id } } } } } } pageInfo { startCursor endCursor } }
  findings { edges { cursor node { id } } } event(id: 1) { studyKeys } }"""


def strings(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    for value in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from strings(value)


@pytest.fixture
def known(hospital: Api) -> set[str]:
    """All keys as the graph has them."""
    query = """MATCH (n) WHERE n:Study OR n:Report OR n:Extraction OR n:Mention OR n:Image
               UNWIND [n.studyKey, n.reportKey, n.textDigest, n.extractionId, n.mentionId, n.digest, n.imageKey] AS key
               WITH key WHERE key IS NOT NULL RETURN collect(DISTINCT key) AS keys"""
    with hospital.graph.session() as session:
        return set(session.run(query).single(strict=True)["keys"])


def test_a_researcher_sees_no_key_of_the_graph(hospital: Api, known: set[str]) -> None:
    assert digest("uid", "1.2.1") in known
    seen = json.dumps(hospital.data(EVERYTHING, Role.RESEARCHER))
    assert [key for key in known if key in seen] == []
    whole = json.dumps(hospital.data(EVERYTHING, Role.VIEWER))
    assert digest("uid", "1.2.1") in whole


def test_a_cursor_holds_no_key_either(hospital: Api, known: set[str]) -> None:
    for text in strings(hospital.data(EVERYTHING, Role.RESEARCHER)):
        try:
            opened = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            continue
        assert not any(key.encode() in opened for key in known)


def test_a_study_is_not_found_by_what_its_uid_makes(hospital: Api) -> None:
    """The attack: the key that anyone makes from a StudyInstanceUID, in every place that takes a key."""
    key = digest("uid", "1.2.1")
    for guess in (key, sha256(b"1.2.1").hexdigest(), "1.2.1"):
        assert hospital.data(f'{{ study(studyKey: "{guess}") {{ modality }} }}', Role.RESEARCHER)["study"] is None
        assert hospital.data(f'{{ node(id: "Study:{guess}") {{ id }} }}', Role.RESEARCHER)["node"] is None
    assert hospital.data(f'{{ study(studyKey: "{key}") {{ modality }} }}', Role.VIEWER)["study"]


def made_cursor(listed: Listed, place: str) -> str:
    """A cursor as anyone can make it who knows how they are made."""
    return cursors.encode(listed, place)


def test_a_cursor_of_ones_own_making_leads_to_no_study(hospital: Api) -> None:
    """The attack: the list is continued just before the key that anyone makes from a StudyInstanceUID, which leads to
    its study. The key is given as it is, and one digit short, so that it is no key that would be turned back."""
    query = "query ($at: String) { studies(first: 1, after: $at) { edges { node { studyKey } } } }"
    key = digest("uid", "1.2.1")
    for place in (key, key[:63], ""):
        cursor = made_cursor(Listed.STUDIES, f"2024-01-01T08:00:00.000000Z/{place}")
        assert hospital.code(query, Role.RESEARCHER, at=cursor) == "BAD_CURSOR"
    found = hospital.data(query, Role.VIEWER, at=made_cursor(Listed.STUDIES, f"2024-01-01T08:00:00.000000Z/{key[:63]}"))
    assert found["studies"]["edges"][0]["node"]["studyKey"] == key, "the attack does not work at all"
    nested = "query ($at: String) { patients { edges { node { findings(after: $at) { edges { cursor } } } } } }"
    cursor = made_cursor(Listed.FINDINGS, f"~/{key[:63]}")
    assert hospital.code(nested, Role.RESEARCHER, at=cursor) == "BAD_CURSOR"


def test_what_a_researcher_is_shown_leads_back(hospital: Api) -> None:
    """Ids, keys and cursors are as good for a researcher as for others."""
    ask = """query ($after: String) { findings(first: 2, after: $after) { edges { cursor node { id text
             study { id studyKey } } } } studies(first: 100) { edges { node { id } } } }"""
    for role in (Role.RESEARCHER, Role.VIEWER):
        after, texts = None, []
        while edges := hospital.data(ask, role, after=after)["findings"]["edges"]:
            for edge in edges:
                node, study = edge["node"], edge["node"]["study"]
                texts.append(node["text"])
                found = hospital.data(f'{{ node(id: "{node["id"]}") {{ ... on Finding {{ text }} }} }}', role)
                assert found["node"] == {"text": node["text"]}
                by_key = hospital.data(f'{{ study(studyKey: "{study["studyKey"]}") {{ id }} }}', role)["study"]
                assert by_key == {"id": study["id"]}
            after = edges[-1]["cursor"]
        total = hospital.data("{ findings { totalCount } }", Role.VIEWER)["findings"]["totalCount"]
        assert len(texts) == total


def test_a_researchers_review_reaches_the_finding(hospital: Api) -> None:
    shown = hospital.data("{ findings(first: 1) { edges { node { id } } } }", Role.RESEARCHER)["findings"]
    finding = shown["edges"][0]["node"]["id"]
    review = f'mutation {{ reviewFinding(id: "{finding}", verdict: CORRECT) {{ finding {{ id review }} }} }}'
    assert hospital.data(review, Role.RESEARCHER)["reviewFinding"]["finding"]["id"] == finding


def test_every_key_of_the_schema_is_hidden_or_keyed() -> None:
    """A new field that looks like a key must be hidden, or be named here for what it is."""
    no_computed_keys = {
        ("Finding", "text"), ("Report", "reportId"), ("Patient", "id"), ("Patient", "patientId"), ("Concept", "id"),
        ("Event", "id"), ("Event", "eventId"), ("EventPayload", "eventId"),
        ("EventParts", "eventId"), ("Node", "id"), ("Review", "said"),
        ("Cell", "key"), ("Extraction", "engineDigest"), ("Extraction", "checkpointDigest"),
        ("Checkpoint", "engineDigest"), ("Checkpoint", "checkpointDigest"), ("MissedFinding", "missedId"),
    }  # fmt: skip
    words = ("id", "key", "keys", "digest", "target")
    found = {
        (type_.name, name)
        for type_ in build_schema(SDL.read_text()).type_map.values()
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__")
        for name in type_.fields
        if name.lower().endswith(words)
    }
    assert found - no_computed_keys - NEEDED_BY_FIELD.keys() <= COMPUTED_KEYS
    assert found >= COMPUTED_KEYS
