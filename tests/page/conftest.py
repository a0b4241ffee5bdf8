"""A small hospital behind the API, and a person with a browser in front of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import Driver

from ingest.formats.origin import Format
from ingest.ledger.access.api_keys import Role
from ingest.receiving.submit import ReceivedMessage, receive
from ingest.settings import receiver_of
from tests.api.conftest import CLEAR, Api, Workshop
from tests.fixtures.browser import CHROMIUM, opened_tab
from tests.fixtures.neo4j_server import Neo4jServer, empty
from tests.ingest.formats.dicom_files import film, part10
from tests.page.driving import Person

EFFUSION = "FINDINGS: Small left pleural effusion. No pneumothorax. Opacity suspicious for pneumonia."
WITH_HISTORY = f"HISTORY: Fever and cough.\n{EFFUSION}"
CLEAR_TWICE = f"{CLEAR} IMPRESSION: No pleural effusion."
STUDY = "1.2.3"
"""The study with a film, and a report in two versions."""


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory, neo4j_driver: Driver, neo4j_server: Neo4jServer) -> Iterator[Api]:
    """Two patients: one with three studies, the first with a film; a message that was refused."""
    empty(neo4j_server, neo4j_driver)
    workshop = Workshop(tmp_path_factory.mktemp("ward"), neo4j_server, neo4j_driver)
    # The first question of each kind is planned by Neo4j, which takes long on a busy machine.
    api = workshop.serve(VLMKG_API_TIMEOUT=120)
    api.submit("a1", "FINDINGS: Small effusion.", "anna", startedAt="2024-01-01T08:00:00Z", studyUid=STUDY)
    api.submit("a1", EFFUSION, "anna", startedAt="2024-01-01T08:00:00Z", studyUid=STUDY)
    api.submit("a2", CLEAR_TWICE, "anna", startedAt="2024-02-01T08:00:00Z", studyUid="1.2.4")
    api.submit("a3", WITH_HISTORY, "anna", startedAt="2024-03-01T08:00:00Z", studyUid="1.2.5", modality="DX")
    api.submit("b1", CLEAR, "bert", startedAt="2024-01-02T08:00:00Z", studyUid="1.2.6")
    receiver = receiver_of(workshop.data)
    pixels = bytes(range(256)) * 128
    # The study that the first reports name, of the same patient.
    own = {"PatientID": "anna", "IssuerOfPatientID": "TESTS", "StudyInstanceUID": STUDY, "Modality": "CR"}
    size = {"Rows": 128, "Columns": 128, "ImageComments": "portable"}
    receive(receiver, ReceivedMessage(part10(film(pixels=pixels, **own, **size)), Format.DICOM))
    receive(receiver, ReceivedMessage(b"this is no FHIR", Format.FHIR))
    api.work()
    with neo4j_driver.session() as session:
        # A dispute needs two engines; the page only shows that there is one.
        session.run(
            "MATCH (f:Finding {text: 'pneumonia'}) SET f.disputed = true, f.otherPresence = 'present'"
        ).consume()
    yield api
    workshop.close()


@pytest.fixture(scope="module")
def person(ward: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """A person who has not signed in. One browser for all tests of a module."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the PATH: make test-page")
    with opened_tab(tmp_path_factory.mktemp("browser")) as tab:
        yield Person(tab, str(ward.client.base_url).rstrip("/"))


@pytest.fixture
def viewer(person: Person, ward: Api) -> Person:
    """Signed in as viewer, at the list of studies."""
    return signed_in(person, ward, Role.VIEWER)


def signed_in(person: Person, ward: Api, role: Role) -> Person:
    """Load the page anew and sign in."""
    person.look("light")
    person.visit("/studies")
    person.sign_in(ward.keys[role])
    person.sees("Studies", "h1")
    person.tab.wait("document.querySelectorAll('table.rows tbody tr').length === 4")
    return person


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    file = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
    if not file.is_file():
        pytest.skip("web/node_modules is absent: make test-page")
    return file.read_text()
