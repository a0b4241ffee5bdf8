"""What a checkpoint is judged on: named in its manifest, measured by the package that holds the metrics. No torch.

`training.promote_cli` passes the evaluator, `training.gate.measure_for_promotion`, to
`vlmkg.checkpoint.promotion.promote`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SyntheticEvaluation(BaseModel):
    """Synthetic studies that anyone can make again: `vlmkg train data synthetic` with this seed, count and share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["synthetic"] = "synthetic"
    seed: int
    count: Annotated[int, Field(ge=1)]
    film_share: Annotated[float, Field(ge=0, le=1)]
    sha256: Digest
    """Of the studies that were made: a release whose generator makes others is noticed."""


class GoldEvaluation(BaseModel):
    """A file of reports with their gold graphs: RadGraph JSON, or our own JSONL. It is no part of the checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["gold"] = "gold"
    file: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """The file's name, without its folder."""
    sha256: Digest


Evaluation = Annotated[SyntheticEvaluation | GoldEvaluation, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much a figure is greater than the other checkpoint's, with its interval (95 %, paired bootstrap)."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a checkpoint on `reports` reports, and the differences to another one where there is one.

    `less_witness`: by how much both witnesses together, led as the manifest says, read better than the better of the
    two, by set and figure; empty where it was not measured.
    """

    reports: int
    metrics: Mapping[str, float]
    against: Mapping[str, Difference] = field(default_factory=dict)
    less_witness: Mapping[str, Difference] = field(default_factory=dict)


class Evaluator(Protocol):
    """Reads the evaluation's reports with the checkpoint, and with `other`, and scores what they read."""

    def __call__(
        self, folder: Path, evaluation: SyntheticEvaluation | GoldEvaluation, *, gold: Path | None, other: Path | None
    ) -> Measured:
        """The figures. `gold` is where the file of a GoldEvaluation lies.

        Raises UsageError where the file is not given or not that file, or where other studies would be made.
        """
        ...
