"""A model of random weights from a real checkpoint, through the worker's work and the graph, as GraphQL shows it."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset

from ingest.formats.origin import Format
from ingest.ledger.states import State
from ingest.receiving.submit import ReceivedMessage, receive
from ingest.settings import receiver_of
from ingest.workers.celery_app import make_app
from ingest.workers.process import WorkerProcess
from ingest.workers.queues import Queue
from ingest.workers.settings import find_config
from tests.api.conftest import EFFUSION, Api, Serve
from tests.fixtures.redis_server import RedisServer
from tests.ingest.formats.dicom_files import film, part10
from tests.ingest.workers.running import states
from vlmkg.checkpoint.manifest import verify
from vlmkg.data_dir import DataDir

STUDY = "1.2.840.77.1"
QUERY = """query ($uid: String!) {
  checkpoint { engine checkpoint checkpointDigest studies otherEngines }
  study(studyUid: $uid) {
    pairing
    extraction {
      engine checkpoint checkpointDigest engineDigest modalities warnings outOfDomain
      agreement { mentionsBoth mentionsModel mentionsRules relationsBoth relationsModel relationsRules disputed }
    }
    findings(first: 200, where: {presence: [PRESENT, UNCERTAIN, ABSENT]}) {
      edges { node { text presence score witness disputed span { start end } locations { text witness } } }
    }
  }
}"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from vlmkg.checkpoint.tiny import make

    folder = tmp_path_factory.mktemp("checkpoint") / "tiny"
    make(folder, name="tiny", promoted=True)
    return folder


@pytest.fixture
def extract(
    tmp_path: Path, checkpoint: Path, broker: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Extract by the checkpoint as a worker's process does once Celery wakes it.

    In this process, which has torch loaded already. All films are synthetic.
    """
    monkeypatch.setenv("CELERY_BROKER_URL", broker.url)
    monkeypatch.setenv("VLMKG_FILMS", "synthetic")

    def extract() -> None:
        config = find_config(DataDir(tmp_path / "var"), Queue.EXTRACT, str(checkpoint), "cpu")
        process = WorkerProcess(make_app(broker.url), config)
        process.prepare()
        process.extract()

    return extract


def synthetic_film() -> Dataset:
    """Noise of 64 x 64 pixels, of the patient and the study of the report."""
    pixels = random.Random(1).randbytes(64 * 64 * 2)
    place = {"StudyInstanceUID": STUDY, "PatientID": "p1", "IssuerOfPatientID": "TESTS"}
    return film(pixels=pixels, Rows=64, Columns=64, BitsStored=16, HighBit=15, **place)


def test_a_study_read_by_the_model_shows_its_witnesses_and_its_checkpoint(
    serve: Serve, extract: Callable[[], None], checkpoint: Path, tmp_path: Path
) -> None:
    api: Api = serve()
    receiver = receiver_of(DataDir(tmp_path / "var"))
    receive(receiver, ReceivedMessage(part10(synthetic_film()), Format.DICOM))
    api.submit("r1", EFFUSION, studyUid=STUDY)
    extract()
    assert states(receiver.ledger) == {State.EXTRACTED: 2}
    api.work()
    assert states(receiver.ledger) == {State.MERGED: 2}
    receiver.ledger.close()

    found = api.data(QUERY, uid=STUDY)
    digest = verify(checkpoint).digest
    study = found["study"]
    extraction, findings = study["extraction"], [edge["node"] for edge in study["findings"]["edges"]]
    assert found["checkpoint"]["checkpointDigest"] == digest
    assert (extraction["engine"], extraction["checkpoint"], extraction["checkpointDigest"]) == ("model", "tiny", digest)
    assert (study["pairing"], extraction["modalities"]) == ("paired", ["text", "image"])
    counts = extraction["agreement"]
    assert counts["mentionsBoth"] + counts["mentionsRules"] > 0
    assert {finding["witness"] for finding in findings} <= {"BOTH", "MODEL", "RULES"}
    for finding in findings:
        # A score is the model's: what the rules alone read has none, where the model reads something else in its place.
        assert finding["score"] is not None or finding["witness"] == "RULES"
        assert finding["score"] is None or finding["witness"] != "RULES" or finding["disputed"]
        assert not finding["disputed"] or finding["presence"] == "UNCERTAIN"
        if finding["span"]:
            assert EFFUSION[finding["span"]["start"] : finding["span"]["end"]] == finding["text"]
    negated = [finding for finding in findings if finding["text"] == "pneumothorax"]
    assert all(finding["presence"] != "PRESENT" for finding in negated)
