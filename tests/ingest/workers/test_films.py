"""Films of a study go to an engine that knows such films; one that can't be had never costs the report its reading."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.blobs import BlobStore, delete, key_of, open_blobs, put_many
from ingest.ledger.readings.extractions import StudyReading
from ingest.ledger.study_facts import LedgerImage
from ingest.projection.stored_readings import load_readings
from ingest.projection.subgraph import project
from ingest.workers.study_reader import Films, Reader, extraction_id, read_studies, reader_of
from tests.ingest.projection.test_subgraph import study
from vlmkg.engine_protocol import (
    FilmDomain,
    ImageEntity,
    ImageInput,
    Lead,
    Modality,
    StudyInput,
    StudyOutput,
    UnreadImage,
)
from vlmkg.pipeline import load_engine
from vlmkg.schema import Kind, Presence, Witness

FILMS = {"1.2.1": b"a film", "1.2.2": b"another film"}
IMAGES = tuple(LedgerImage(uid, key_of(raw), "PA", 10, 10) for uid, raw in FILMS.items())
BOTH = (Modality.TEXT, Modality.IMAGE)


class Seeing:
    """The rules, and a large heart on every film that is no `broken` one."""

    name, checkpoint, checkpoint_digest, digest, film_domain = "model", "c", "d", "e", FilmDomain.REAL
    lead = Lead.ALWAYS

    def __init__(self) -> None:
        self.seen: list[tuple[ImageInput, ...]] = []

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        self.seen += [one.images for one in studies]
        rules = load_engine("rules").read(studies)
        return [_shown(one, output) for one, output in zip(studies, rules, strict=True)]


def _shown(given: StudyInput, output: StudyOutput) -> StudyOutput:
    read = [image.key for image in given.images if image.content != b"broken"]
    unread = tuple(UnreadImage(image.key, "unreadable") for image in given.images if image.key not in read)
    entities = tuple(ImageEntity(key, "cardiomegaly", Kind.OBSERVATION, Presence.PRESENT, 0.95) for key in read)
    modalities = tuple(m for m, part in zip(BOTH, (given.texts, read), strict=True) if part)
    return replace(output, modalities=modalities, image_entities=entities, unread=unread)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    store = open_blobs(f"file://{tmp_path}")
    put_many(store, list(FILMS.values()))
    return store


def read(reader: Reader, images: tuple[LedgerImage, ...] = IMAGES, *, reports: bool = True) -> StudyReading:
    asked = study(images=images, extraction=None, **({} if reports else {"reports": ()}))
    (found,) = read_studies(reader, [asked], {}).values()
    return found


def test_the_films_are_read_beside_the_reports(blobs: BlobStore) -> None:
    engine = Seeing()
    reader = reader_of(engine, Films(blobs))
    found = read(reader).extraction

    assert [(image.key, image.content) for image in engine.seen[0]] == list(FILMS.items())
    assert found.modalities == ("text", "image")
    assert found.reads == ("k1", "1.2.1", "1.2.2")
    assert load_readings(found.result).keys() == {"k1", "1.2.1", "1.2.2"}
    graph = project(study(images=IMAGES, extraction=found))
    shown = [mention for mention in graph.mentions if mention.report_key is None]
    assert [(m.text, m.witness, m.score, m.finding is not None) for m in shown] == [
        ("cardiomegaly", Witness.MODEL, 0.95, True)
    ] * 2


def test_an_engine_that_was_not_trained_on_such_films_reads_the_report_alone_and_says_so(blobs: BlobStore) -> None:
    engine = Seeing()
    reader = reader_of(engine, Films(blobs, FilmDomain.SYNTHETIC))
    found = read(reader).extraction

    assert engine.seen == [()]
    assert (found.modalities, found.reads) == (("text",), ("k1",))
    assert extraction_id(reader, study(images=IMAGES)) == extraction_id(reader, study(images=()))
    assert extraction_id(reader, study(images=IMAGES, reports=())) is None


def test_another_film_is_another_extraction(blobs: BlobStore) -> None:
    reader = reader_of(Seeing(), Films(blobs))
    changed = (replace(IMAGES[0], digest="0" * 64), IMAGES[1])
    identities = {extraction_id(reader, study(images=images)) for images in (IMAGES, IMAGES[:1], changed, ())}
    assert len(identities) == 4


def test_a_lost_film_never_loses_the_report(blobs: BlobStore) -> None:
    delete(blobs, IMAGES[0].digest)
    found = read(reader_of(Seeing(), Films(blobs))).extraction

    assert found.reads == ("k1", "1.2.2")
    assert "image_lost" in found.warnings
    assert load_readings(found.result)["k1"].graph.mentions


def test_an_unreadable_film_never_loses_the_report(blobs: BlobStore) -> None:
    (key,) = put_many(blobs, [b"broken"])
    found = read(reader_of(Seeing(), Films(blobs)), (replace(IMAGES[0], digest=key),)).extraction

    assert (found.modalities, found.reads) == (("text",), ("k1",))
    assert "image_unreadable" in found.warnings
    assert load_readings(found.result)["k1"].graph.mentions


def test_films_without_a_report_are_read_too(blobs: BlobStore) -> None:
    found = read(reader_of(Seeing(), Films(blobs)), reports=False).extraction
    assert (found.modalities, found.reads) == (("image",), ("1.2.1", "1.2.2"))
