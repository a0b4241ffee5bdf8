"""`vlmkg` with a model that reads as the rules do, loads slowly, and hangs once where a text says so.

What a real checkpoint's engine does to a worker's process is the same; this one needs no torch. A program for the tests
to run; `--engine` is a folder, in which the model leaves a mark of having hung.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ingest.workers import worker_group
from tests.ingest.workers.engines import rules
from vlmkg import pipeline
from vlmkg.cli import main
from vlmkg.engine_protocol import Lead, ReportOutput, StudyInput, StudyOutput
from vlmkg.schema import ReportGraph, Witness

HANGS = "obscured"
LOADS_FOR = "TEST_MODEL_LOADS_FOR"


class Model:
    """The rules' facts, as a model would give them: with a score."""

    name, checkpoint, checkpoint_digest, digest, film_domain = "model", "tests", "c" * 64, "d" * 64, None
    lead = Lead.ALWAYS

    def __init__(self, folder: Path) -> None:
        self._hung = folder / "hung"

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        texts = [text for study in studies for text in study.texts]
        if any(HANGS in text for text in texts) and not self._hung.exists():
            self._hung.touch()
            time.sleep(600)
        return [_as_model(output) for output in rules().read(studies)]


def _as_model(output: StudyOutput) -> StudyOutput:
    return replace(output, reports=tuple(ReportOutput(scored(report.graph)) for report in output.reports))


def scored(graph: ReportGraph) -> ReportGraph:
    mentions = tuple(replace(mention, score=0.5, witness=Witness.MODEL) for mention in graph.mentions)
    return ReportGraph(mentions, tuple(replace(one, score=0.5, witness=Witness.MODEL) for one in graph.relations))


def load(folder: Path, device: str | None, *, unpromoted: bool) -> Model:
    del device, unpromoted
    time.sleep(float(os.environ.get(LOADS_FOR, "0")))
    return Model(folder)


if __name__ == "__main__":
    pipeline.CHECKPOINT_LOADER = ("tests.ingest.workers.modelling", "load")
    worker_group.PROGRAM = ("-m", "tests.ingest.workers.modelling")
    main()
