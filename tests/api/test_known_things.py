"""A researcher who has a StudyInstanceUID, a report's text and a film's file looks for them in all that one can get.

The questions are made from the schema: every field that the role may ask for, of every object that can be reached.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, build_schema, get_named_type, is_leaf_type, is_required_argument

from api.rights import NEEDED_BY_FIELD, RIGHTS
from api.schema import SDL
from ingest.formats.origin import Format
from ingest.ledger.access.api_keys import Role
from ingest.receiving.submit import ReceivedMessage, receive
from ingest.settings import receiver_of
from tests.api.conftest import EFFUSION, Api, Serve
from tests.ingest.formats.dicom_files import film, part10
from vlmkg.data_dir import DataDir
from vlmkg.identity import digest

UID, IMAGE_UID = "1.2.276.0.7230010.3.1.2.7", "1.2.276.0.7230010.3.1.4.7"
FILM = part10(
    film(
        StudyInstanceUID=UID, SOPInstanceUID=IMAGE_UID, PatientID="anna", IssuerOfPatientID="TESTS", AccessionNumber=""
    )
)
TEXT = EFFUSION
PIXELS = b"\0\1" * 16
SCHEMA = build_schema(SDL.read_text())
DEEP = 5
EASY_ARGUMENTS = {
    "node": '(id: "{id}")',
    "event": '(id: "{event}")',
    "patient": '(patientId: "{patient}")',
    "study": '(studyKey: "{study}")',
    "concept": '(code: "RID34539")',
    "cohort": "(where: {})",
    "cohortCypher": "(where: {})",
    "concepts": '(search: "effusion", first: 2)',
}


def may(parent: str, name: str) -> bool:
    return NEEDED_BY_FIELD.get((parent, name)) in {None, *RIGHTS[Role.RESEARCHER]}


def selection(type_: GraphQLObjectType, depth: int, seen: tuple[str, ...] = ()) -> str:
    """All that a researcher may ask for of an object. Lists are short, so that the cost allows many levels."""
    parts = ["__typename"]
    for name, one in type_.fields.items():
        inner = get_named_type(one.type)
        if not may(type_.name, name) or any(is_required_argument(each) for each in one.args.values()):
            continue
        if is_leaf_type(inner):
            parts.append(name)
        elif isinstance(inner, GraphQLObjectType) and depth and seen.count(inner.name) < 1:
            first = "(first: 3)" if "first" in one.args else ""
            parts.append(f"{name}{first} {{ {selection(inner, depth - 1, (*seen, inner.name))} }}")
    return " ".join(parts)


def questions(named: dict[str, str]) -> Iterator[str]:
    """A query for each root field."""
    for name, one in SCHEMA.query_type.fields.items() if SCHEMA.query_type else ():
        if not may("Query", name):
            continue
        given = EASY_ARGUMENTS.get(name, "(first: 3)" if "first" in one.args else "")
        for key, value in named.items():
            given = given.replace(f"{{{key}}}", value)
        inner = get_named_type(one.type)
        for depth in range(DEEP + 1):
            if isinstance(inner, GraphQLObjectType):
                yield f"{{ {name}{given} {{ {selection(inner, depth, (inner.name,))} }} }}"
            elif is_leaf_type(inner):
                yield f"{{ {name}{given} }}"


def known() -> dict[str, str]:
    """What one can compute from the things that one has, by how."""
    things = {
        "UID": UID.encode(),
        "image UID": IMAGE_UID.encode(),
        "text": TEXT.encode(),
        "film": FILM,
        "pixels": PIXELS,
    }
    found = {"UID": UID, "image UID": IMAGE_UID, "text": TEXT, "size of the film": f'"size": {len(FILM)}'}
    for name, thing in things.items():
        for kind in ("md5", "sha1", "sha256", "sha512"):
            raw = hashlib.new(kind, thing).digest()
            found |= {
                f"{kind} of {name}": raw.hex(),
                f"{kind} of {name} in Base64": base64.b64encode(raw).decode()[:-3],
            }
        found[f"key of {name}"] = digest(thing)
        found[f"Base64 of {name}"] = base64.b64encode(thing).decode().rstrip("=")
    found |= {"study": digest("uid", UID), "image": digest("image", IMAGE_UID)}
    found |= {f"uuid of {name}": str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:vlmkg:{one}")) for name, one in found.items()}
    return found


@pytest.fixture
def api(serve: Serve, tmp_path: Path) -> Api:
    """A hospital that has the study."""
    made = serve(VLMKG_API_MAX_COST=1_000_000, VLMKG_API_MAX_DEPTH=40, VLMKG_API_MAX_TOKENS=20_000)
    made.submit("r1", TEXT, "anna", studyUid=UID, startedAt="2024-01-01T08:00:00Z")
    made.submit("r2", "FINDINGS: Nodule in the right upper lobe.", "bert", studyUid="1.2.9")
    receiver = receiver_of(DataDir(tmp_path / "var"))
    assert receive(receiver, ReceivedMessage(FILM, Format.DICOM)).reason is None
    receiver.ledger.close()
    made.work()
    return made


def opened(text: str) -> str:
    """The text, and whatever in it is Base64, opened: cursors are."""
    words = {word for word in text.replace('"', " ").split() if len(word) > 20}
    inside = []
    for word in words:
        try:
            inside.append(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode("latin-1"))
        except ValueError:
            continue
    return text + " ".join(inside)


def named_by(api: Api) -> dict[str, str]:
    """Ids that a researcher is given."""
    node = api.data(
        "{ studies { edges { node { id studyKey } } } patients { edges { node { patientId } } } }", Role.RESEARCHER
    )
    study = node["studies"]["edges"][0]["node"]
    patient = node["patients"]["edges"][0]["node"]["patientId"]
    return {"id": study["id"], "study": study["studyKey"], "patient": patient, "event": "3"}


def gathered(api: Api, role: Role) -> str:
    """All answers, downloads and errors that this role gets, as one text."""
    texts = []
    for query in questions(named_by(api)):
        answer = api.ask(query, role)
        texts.append(json.dumps(answer))
    for name in ("findings.csv", "fhir.json", "radgraph.json"):
        headers = {"Authorization": f"Bearer {api.keys[role]}"}
        texts.append(api.client.post(f"/exports/{name}", json={"where": {}}, headers=headers).text)
    texts += [json.dumps(api.ask(query, role)) for query in guesses()]
    return opened("\n".join(texts))


def guesses() -> list[str]:
    """Questions with the things themselves, for what their errors say."""
    made = [f'{{ studies(after: "{value}") {{ totalCount }} }}' for value in (digest("uid", UID), UID)]
    for key in (digest("uid", UID), UID):
        made += [f'{{ study(studyKey: "{key}") {{ modality }} }}', f'{{ node(id: "Study:{key}") {{ id }} }}']
        made.append(f'{{ studies(first: "{key}") {{ totalCount }} }}')
        made.append(f"{{ studies(order: {key.replace('.', '_')}) {{ totalCount }} }}")
    return made


def test_nothing_of_a_known_study_is_found(api: Api) -> None:
    text = gathered(api, Role.RESEARCHER)
    assert len(text) > 20_000
    assert [name for name, value in known().items() if value in text] == []


def test_a_viewer_would_find_it(api: Api) -> None:
    """Else the search finds nothing whatever there is."""
    query = """{ studies { edges { node { id studyUid studyKey reports { text textDigest } images { digest } } } }
                 event(id: 3) { size } }"""
    text = json.dumps(api.data(query, Role.VIEWER))
    found = {name for name, value in known().items() if value in text}
    assert found >= {"UID", "study", "text", "sha256 of film", "size of the film"}
