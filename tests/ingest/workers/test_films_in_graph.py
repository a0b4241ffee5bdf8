"""Films and structured reports all the way into the graph, in every order."""

import pytest
from neo4j import Driver

from graph.verify import violations
from ingest.formats.origin import Format
from ingest.receiving.submit import ReceivedMessage, Receiver, receive
from ingest.workers.merge import Target
from tests.fixtures.neo4j_server import Neo4jServer
from tests.ingest.formats.dicom_files import FINDINGS, container, film, part10, predecessor, report, text_item
from tests.ingest.workers.test_merge import findings, rows, work

IMAGES = (
    "MATCH (p:Patient)-[:HAS_STUDY]->(s:Study)-[:HAS_IMAGE]->(i:Image) "
    "RETURN s.studyUid AS study, s.pairing AS pairing, i.sopInstanceUid AS image, i.rows AS rows, "
    "p.patientId AS patient ORDER BY study, image, patient"
)


@pytest.fixture
def target(empty_graph: Driver, neo4j_server: Neo4jServer) -> Target:
    return Target(empty_graph, neo4j_server.settings.database, with_text=False)


def dicom(dataset) -> ReceivedMessage:
    return ReceivedMessage(part10(dataset), Format.DICOM)


def sound(target: Target) -> bool:
    return not {name: count for name, count in violations(target.driver, target.database).items() if count}


def test_films_alone_then_their_report(receiver: Receiver, target: Target) -> None:
    receive(receiver, dicom(film()))
    receive(receiver, dicom(film(SOPInstanceUID="1.2.3.2", ViewPosition="LL")))
    work(receiver.ledger, target)
    shown = rows(target, IMAGES)
    assert [(row["image"], row["pairing"]) for row in shown] == [("1.2.3.1", "image_only"), ("1.2.3.2", "image_only")]
    receive(receiver, dicom(report()))
    work(receiver.ledger, target)
    assert {row["pairing"] for row in rows(target, IMAGES)} == {"paired"}
    assert ("pneumothorax", "absent") in findings(target)
    assert sound(target)


def test_one_image_uid_of_two_patients_stays_with_both(receiver: Receiver, target: Target) -> None:
    for patient in ("P1", "P2"):
        receive(receiver, dicom(film(PatientID=patient)))
        work(receiver.ledger, target)
    receive(receiver, dicom(report()))
    work(receiver.ledger, target)
    shown = rows(target, IMAGES)
    assert len({row["patient"] for row in shown}) == len(shown) == 2
    assert sorted(row["pairing"] for row in shown) == ["image_only", "paired"]
    assert sound(target)


SAID = (
    report(container(FINDINGS, text_item("Large effusion.")), SOPInstanceUID="1.2.3.10", VerificationFlag="UNVERIFIED"),
    report(
        container(FINDINGS, text_item("Small effusion.")),
        SOPInstanceUID="1.2.3.11",
        PredecessorDocumentsSequence=[predecessor("1.2.3.10")],
    ),
    report(
        container(FINDINGS, text_item("No effusion.")),
        SOPInstanceUID="1.2.3.12",
        PredecessorDocumentsSequence=[predecessor("1.2.3.11")],
    ),
)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_last_document_of_a_chain_is_what_the_graph_says(receiver: Receiver, target: Target, order) -> None:
    for number in order:
        receive(receiver, dicom(SAID[number]))
        work(receiver.ledger, target)
    assert findings(target) == {("effusion", "absent")}
    assert sound(target)
