"""The evaluation of a checkpoint: its manifest names the data, `training.gate` measures. No torch.

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
    """Reproducible synthetic studies: those of `vlmkg train data synthetic` with this seed, count and share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["synthetic"] = "synthetic"
    seed: int
    count: Annotated[int, Field(ge=1)]
    film_share: Annotated[float, Field(ge=0, le=1)]
    sha256: Digest
    """The digest of the studies. It detects a release whose generator makes other studies."""


class GoldEvaluation(BaseModel):
    """A file of reports with gold graphs: RadGraph JSON or the project's JSONL. The checkpoint does not contain it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["gold"] = "gold"
    file: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """The file's name without its folder."""
    sha256: Digest


Evaluation = Annotated[SyntheticEvaluation | GoldEvaluation, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of a figure to the other checkpoint's, with its 95 % interval (paired bootstrap)."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a checkpoint on `reports` reports, and the differences to another checkpoint, if there is one.

    `less_witness`: the figures of both witnesses together less those of the better one, by set and figure; empty if not
    measured. The manifest says which witness leads.
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
        """The figures. `gold` is the path of a GoldEvaluation's file.

        Raises UsageError if the file is missing or another one, or if the generator would make other studies.
        """
        ...
