"""What hospitals do over days, through real doors, up to what the graph shows: late partners, late versions, mix-ups.

What senders do wrong within one connection is in test_mllp.py, test_framing.py and dicom/test_storage.py.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select, update

from graph.records import StudySubgraph
from ingest.gateway.door import Reception
from ingest.ledger import study_facts
from ingest.ledger.storage.database import Ledger
from ingest.ledger.storage.tables import events, pairing_waits
from ingest.ledger.studies import pairing
from ingest.projection.subgraph import project
from ingest.workers.extract import extract_some
from ingest.workers.study_reader import Films, Reader, reader_of
from tests.ingest.formats.dicom_files import film
from tests.ingest.formats.hl7_messages import MSH, message, obx
from tests.ingest.gateway.dicom.peer import OpenDicom, open_dicom
from tests.ingest.gateway.mllp_peer import OpenDoor, code_of, open_door
from tests.ingest.workers.engines import rules
from tests.ingest.workers.test_films import Seeing

LEASE = timedelta(seconds=30)
WAIT = timedelta(seconds=900)
"""VLMKG_PAIRING_WAIT, as it is where nobody sets it."""
UID = "1.2.826.0.1.7"


@dataclass(frozen=True)
class Hospital:
    """Two doors of one gateway, and a worker that reads films too."""

    mllp: OpenDoor
    dicom: OpenDicom
    reader: Reader

    @property
    def ledger(self) -> Ledger:
        return self.mllp.reception.receiver.ledger

    async def report(self, *raws: bytes) -> None:
        """Send messages over one connection, each after the answer to the one before."""
        peer = await self.mllp.connect()
        for raw in raws:
            assert code_of(await peer.ask(raw))[0] == "AA"

    async def films(self, *uids: str) -> None:
        """Send films of the study by C-STORE."""
        sent = [
            film(SOPInstanceUID=uid, StudyInstanceUID=UID, PatientID="771", IssuerOfPatientID="NORTH") for uid in uids
        ]
        assert await self.dicom.send(*sent) == [0] * len(uids)

    def pass_time(self, time: timedelta) -> list[str]:
        """Let so much time pass: all that the ledger has written down is so much longer ago. Waits that are over."""
        with self.ledger.write() as connection:
            for column in (events.c.received_at, pairing_waits.c.until):
                for (value,) in connection.execute(select(column).distinct()).all():
                    connection.execute(update(column.table).where(column == value).values({column: value - time}))
        return pairing.end_due(self.ledger)

    def graph(self) -> list[StudySubgraph]:
        """Extract until nothing is left to do; what the graph shows then."""
        while extract_some(self.ledger, self.reader, "me", LEASE):
            pass
        with self.ledger.read() as connection:
            found = study_facts.load_many(connection, study_facts.all_study_keys(connection))
        return [project(found[key]) for key in sorted(found)]


@pytest.fixture
async def hospital(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hospital]:
    async with open_door(reception, monkeypatch) as mllp, open_dicom(reception, monkeypatch) as dicom:
        yield Hospital(mllp, dicom, reader_of(Seeing(), Films(reception.receiver.blobs), WAIT))


def oru(
    status: str, text: str, *, minute: int = 0, accession: str = "A1", patient: str = "771", uid: str = UID
) -> bytes:
    """One version of a report; `minute` is when it was issued and sent."""
    time = f"202603011{minute // 60}{minute % 60:02}00"
    header = MSH.replace("20260301101500", time).replace("|42|", f"|{accession}{status}{minute}|")
    pid = f"PID|1||{patient}^^^NORTH^MR||DOE^JANE||19600402|F"
    obr = f"OBR|1|P{accession}|{accession}|71046^XR CHEST 2 VIEWS^L|||20260301090000{'|' * 15}{time}||CR|{status}"
    return message(header, pid, obr, obx(text, status=status), *([f"ZDS|{uid}"] if uid else []))


REPORT = oru("F", "FINDINGS: Small left pleural effusion.")


def read_of(shown: StudySubgraph) -> tuple[str, ...]:
    return shown.extraction.modalities if shown.extraction else ()


async def test_images_ten_minutes_after_the_report(hospital: Hospital) -> None:
    await hospital.report(REPORT)
    (waiting,) = hospital.graph()
    assert (waiting.study.pairing, read_of(waiting)) == ("waiting_for_image", ())
    assert hospital.pass_time(timedelta(minutes=10)) == []
    await hospital.films(f"{UID}.1", f"{UID}.2")
    (both,) = hospital.graph()
    assert (both.study.pairing, read_of(both), len(both.images)) == ("paired", ("text", "image"), 2)


async def test_the_report_two_days_after_the_images(hospital: Hospital) -> None:
    await hospital.films(f"{UID}.1")
    (waiting,) = hospital.graph()
    assert (waiting.study.pairing, read_of(waiting)) == ("waiting_for_report", ())
    assert hospital.pass_time(timedelta(days=2)) == [waiting.study.study_key]
    (alone,) = hospital.graph()
    assert (alone.study.pairing, read_of(alone)) == ("image_only", ("image",))
    await hospital.report(REPORT)
    (both,) = hospital.graph()
    assert (both.study.study_key, both.study.pairing) == (alone.study.study_key, "paired")
    assert read_of(both) == ("text", "image")
    assert "effusion" in {mention.text for mention in both.mentions}


VERSIONS = (
    oru("P", "FINDINGS: Right effusion.", minute=1),
    oru("F", "FINDINGS: Left effusion.", minute=2),
    oru("C", "FINDINGS: No effusion.", minute=3),
)


@pytest.fixture
async def unseeing(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hospital]:
    """A hospital whose worker reads reports alone, and waits for no film."""
    async with open_door(reception, monkeypatch) as mllp, open_dicom(reception, monkeypatch) as dicom:
        yield Hospital(mllp, dicom, reader_of(rules(), None, WAIT))


def shown(graph: Sequence[StudySubgraph]) -> tuple[list[tuple[str, bool]], set[tuple[str, str]]]:
    """Versions of the one report, and what is found."""
    (study,) = graph
    found = {(mention.text, mention.presence) for mention in study.mentions if mention.finding}
    return sorted((report.status, report.current) for report in study.reports), found


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_c_then_f_then_a_late_p_and_every_other_order(unseeing: Hospital, order: tuple[int, ...]) -> None:
    """The graph is written after each: a late preliminary report changes nothing."""
    for number in order:
        await unseeing.report(VERSIONS[number])
        unseeing.graph()
    assert shown(unseeing.graph()) == ([("C", True), ("F", False), ("P", False)], {("effusion", "absent")})


def texts_of(graph: Sequence[StudySubgraph]) -> dict[str, list[str]]:
    """The current reports' mentions, by the patient whose they are."""
    found: dict[str, list[str]] = {}
    for study in graph:
        found.setdefault(study.patient.patient_id, []).extend(
            sorted({mention.text for mention in study.mentions if mention.report_key})
        )
    return {patient: texts for patient, texts in found.items() if texts}


ADDENDUM = message(
    MSH.replace("20260301101500", "20260301100400").replace("|42|", "|A1B4|"),
    "PID|1||771^^^NORTH^MR||DOE^JANE||19600402|F",
    f"OBR|1|PA1|A1|71046^XR CHEST 2 VIEWS^L|||20260301090000{'|' * 15}20260301100400||CR|B",
    "OBX|1|TX|71046&ADT^XR CHEST||There is a hiatal hernia.||||||F",
    f"ZDS|{UID}",
)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_an_addendum_stands_beside_the_report_whatever_comes_first(
    unseeing: Hospital, order: tuple[int, ...]
) -> None:
    sent = (VERSIONS[0], VERSIONS[1], ADDENDUM)
    for number in order:
        await unseeing.report(sent[number])
        unseeing.graph()
    ((_, texts),) = texts_of(unseeing.graph()).items()
    assert {"Left", "effusion", "hernia"} <= set(texts)
    assert "Right" not in texts


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_retraction_leaves_nothing_whatever_comes_first(unseeing: Hospital, order: tuple[int, ...]) -> None:
    sent = (VERSIONS[0], VERSIONS[1], oru("X", "", minute=5))
    for number in order:
        await unseeing.report(sent[number])
        unseeing.graph()
    versions, found = shown(unseeing.graph())
    assert (found, any(current for _, current in versions)) == (set(), False)


async def test_a_correction_that_names_another_patient_moves_the_report(unseeing: Hospital) -> None:
    await unseeing.report(oru("F", "FINDINGS: Left effusion.", uid=""))
    (wrong,) = texts_of(unseeing.graph())
    await unseeing.report(oru("C", "FINDINGS: Left effusion.", minute=5, patient="772", uid=""))
    ((right, texts),) = texts_of(unseeing.graph()).items()
    assert right != wrong
    assert texts == ["Left", "effusion"]


async def test_the_studies_of_a_patient_that_is_merged_follow(unseeing: Hospital) -> None:
    """A40: 772 is given up for 771. A report that comes later under the old number is of 771 too."""
    await unseeing.report(
        oru("F", "FINDINGS: Left effusion.", uid=""),
        oru("F", "FINDINGS: Cardiomegaly.", patient="772", accession="A2", uid=""),
    )
    assert len(texts_of(unseeing.graph())) == 2
    event = MSH.replace("ORU^R01^ORU_R01", "ADT^A40^ADT_A39").replace("|42|", "|77|")
    await unseeing.report(message(event, "PID|1||771^^^NORTH^MR||DOE^JANE||19600402|F", "MRG|772^^^NORTH^MR"))
    await unseeing.report(oru("F", "FINDINGS: Pneumothorax.", patient="772", accession="A3", uid=""))
    ((_, texts),) = texts_of(unseeing.graph()).items()
    assert sorted(texts) == ["Cardiomegaly", "Left", "Pneumothorax", "effusion"]


async def test_an_update_of_a_patient_is_shown(unseeing: Hospital) -> None:
    await unseeing.report(REPORT)
    event = MSH.replace("ORU^R01^ORU_R01", "ADT^A08^ADT_A01").replace("|42|", "|78|").replace("20260301", "20260302")
    await unseeing.report(message(event, "PID|1||771^^^NORTH^MR||DOE^JANE||19610402|M"))
    (study,) = unseeing.graph()
    assert (study.patient.sex, study.patient.birth_year) == ("male", 1961)


async def test_one_accession_of_two_patients(hospital: Hospital) -> None:
    """Neither a report nor a film of one is ever shown with the other."""
    await hospital.report(
        oru("F", "FINDINGS: Left effusion.", uid=""),
        oru("F", "FINDINGS: Cardiomegaly.", patient="772", uid=""),
    )
    await hospital.films(f"{UID}.1")
    hospital.graph()
    hospital.pass_time(timedelta(days=1))
    graph = hospital.graph()
    assert len({study.patient.patient_id for study in graph}) == 2
    texts = [{mention.text for mention in study.mentions if mention.report_key} for study in graph]
    assert sorted(map(sorted, texts)) == [["Cardiomegaly"], ["Left", "effusion"]]
    with_films = [study for study in graph if study.images]
    assert [len(study.reports) for study in with_films] == [1]
    assert "effusion" in {mention.text for mention in with_films[0].mentions}
