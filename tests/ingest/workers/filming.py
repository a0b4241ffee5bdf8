"""`vlmkg` with a model that looks at films, and takes its time with each: a program for the tests to run."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ingest.workers import worker_group
from tests.ingest.workers.engines import rules
from vlmkg import pipeline
from vlmkg.cli import main
from vlmkg.engine_protocol import FilmDomain, ImageEntity, Modality, StudyInput, StudyOutput
from vlmkg.schema import Kind, Presence

LOOKS_FOR_S = 0.2


class Model:
    """A large heart on every film."""

    name, checkpoint, checkpoint_digest, digest, film_domain = "model", "tests", "c" * 64, "f" * 64, FilmDomain.REAL

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        time.sleep(LOOKS_FOR_S * len(studies))
        return [_with_films(one, output) for one, output in zip(studies, rules().read(studies), strict=True)]


def _with_films(given: StudyInput, output: StudyOutput) -> StudyOutput:
    found = tuple(
        ImageEntity(image.key, "cardiomegaly", Kind.OBSERVATION, Presence.PRESENT, 0.9) for image in given.images
    )
    modalities = (*output.modalities, Modality.IMAGE) if given.images else output.modalities
    return replace(output, modalities=modalities, image_entities=found)


def load(folder: Path, device: str | None, *, unpromoted: bool) -> Model:
    del folder, device, unpromoted
    return Model()


if __name__ == "__main__":
    pipeline.CHECKPOINT_LOADER = ("tests.ingest.workers.filming", "load")
    worker_group.PROGRAM = ("-m", "tests.ingest.workers.filming")
    main()
