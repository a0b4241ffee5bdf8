"""Read the held-out studies with a checkpoint: with their own film, without, or with a control film.

Shapes: M films, F numbers in an image vector, N prefix embeddings a film, D width of the language model.
"""

from collections.abc import Sequence
from enum import StrEnum

import torch
from torch import Tensor

from training.experiments.held_out_studies import Exam, Seen, Shown
from training.stages.features import encode_films
from training.stages.loading import synthetic
from training.synthetic.studies import Study
from vlmkg.checkpoint.store import Checkpoint
from vlmkg.model.decoding.decode import decode
from vlmkg.model.decoding.reports import read_reports
from vlmkg.model.prompt import encode_film_prompt
from vlmkg.schema import ReportGraph

AT_ONCE = 64
"""Studies read together."""


class Arm(StrEnum):
    """The inputs of a checkpoint for each study."""

    BOTH = "image + report"
    REPORT = "report only"
    IMAGE = "image only"
    OTHER = "another patient's film"
    ZERO = "zero vector"
    NONE = "no prefix"


def reads_films(checkpoint: Checkpoint) -> bool:
    """Whether the checkpoint has an image encoder."""
    return checkpoint.vision is not None


def vectors(checkpoint: Checkpoint, studies: Sequence[Study]) -> Tensor:
    """(M, F) image vectors of the studies' own films."""
    if checkpoint.vision is None:
        raise ValueError("the checkpoint has no image encoder, so it reads no films")
    return encode_films(checkpoint.vision, [film for study in studies for film in synthetic(study).films])


def given(arm: Arm, own: Tensor, studies: Sequence[Study]) -> Tensor | None:
    """(M, F) the image vectors of the arm; None: no film."""
    if arm in {Arm.BOTH, Arm.IMAGE}:
        return own
    if arm is Arm.OTHER:
        return own[torch.tensor(others(studies))]
    return torch.zeros_like(own) if arm is Arm.ZERO else None


def others(studies: Sequence[Study]) -> list[int]:
    """For each study the index of the next one of another patient. Raises ValueError if there is none."""
    found = []
    for at, study in enumerate(studies):
        places = [(at + step) % len(studies) for step in range(1, len(studies))]
        found.append(next((to for to in places if studies[to].patient_id != study.patient_id), -1))
    if -1 in found:
        raise ValueError("all studies are of one patient: give studies of several")
    return found


def read_exam(checkpoint: Checkpoint, exam: Exam, arm: Arm, own: Tensor | None) -> list[Seen]:
    """The checkpoint's reading of each study.

    `own`: (M, F) of the studies' own films, None for a checkpoint that reads none.
    """
    shown = None if own is None else given(arm, own, exam.studies)
    found: list[Seen] = []
    for first in range(0, len(exam.studies), AT_ONCE):
        part = exam.studies[first : first + AT_ONCE]
        prefixes = None if shown is None else prefixes_of(checkpoint, shown[first : first + AT_ONCE])
        found += _read(checkpoint, part, arm, prefixes)
    return found


def prefixes_of(checkpoint: Checkpoint, features: Tensor) -> list[Tensor]:
    """(N, D) for each image vector."""
    counts = torch.ones(len(features), dtype=torch.long)
    with torch.inference_mode():
        return list(checkpoint.network.prefix(features[:, None], counts)[0])


def _read(checkpoint: Checkpoint, studies: Sequence[Study], arm: Arm, prefixes: list[Tensor] | None) -> list[Seen]:
    nothing = [None] * len(studies)
    graphs = nothing if arm is Arm.IMAGE else _graphs(checkpoint, studies, prefixes)
    blind = arm is Arm.REPORT or not reads_films(checkpoint)
    films = nothing if blind else _films(checkpoint, len(studies), prefixes)
    return [Seen(graph, film) for graph, film in zip(graphs, films, strict=True)]


def _graphs(checkpoint: Checkpoint, studies: Sequence[Study], prefixes: list[Tensor] | None) -> list[ReportGraph]:
    owners = None if prefixes is None else list(range(len(studies)))
    readings = read_reports(
        checkpoint.network.language_model,
        checkpoint.codec,
        [study.text for study in studies],
        prefixes or (),
        owners,
        whole=checkpoint.manifest.whole_report,
    )
    return [reading.graph for reading in readings]


def _films(checkpoint: Checkpoint, count: int, prefixes: list[Tensor] | None) -> list[Shown]:
    codec = checkpoint.codec
    prompts = [encode_film_prompt(codec, at) for at in range(count)]
    if prefixes is None:
        prompts = [prompt._replace(prefix=None) for prompt in prompts]
    decoded = decode(checkpoint.network.language_model, codec, prompts, prefixes or ())
    return [tuple((name, label) for name, label, _ in one.film) for one in decoded]
