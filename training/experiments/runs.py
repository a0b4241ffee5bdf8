"""Train the arms of an experiment. Shared stages are trained once, and finished runs are not repeated.

OUT/shared/vision-DIGEST   stage 0 of a config
OUT/shared/stage1-DIGEST   stage 1 of a config
OUT/shared/features        image vectors, by encoder and film
OUT/shared/labels          reports with wrong labels, by seed and share
OUT/runs/NAME              stage 2 of an arm and a seed
OUT/NAME.runs.csv          one row per finished run, with its scores on the held-out studies
"""

import csv
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

from training.data.jsonl import write_file
from training.experiments.arms import Arm, on_files, seeded
from training.experiments.checkpoint_reader import Arm as Given
from training.experiments.checkpoint_reader import read_exam, reads_films, vectors
from training.experiments.corruption import corrupt_labels
from training.experiments.held_out_studies import BY_CLASS, FIGURES, Exam, counts, value
from training.stages.config import RunConfig, to_mapping
from training.stages.encoder_stage import run as run_encoder
from training.stages.language_stage import run_text, run_visual
from training.stages.loading import synthetic
from training.stages.records import read_log
from training.synthetic.seeds import VALIDATION_SEED
from training.synthetic.studies import studies
from vlmkg.checkpoint.store import load_checkpoint

LABELLED = 4000
"""Number of reports of a file with wrong labels: more than a run of the shipped config reads."""
Row = Mapping[str, str]


def run_arms(
    name: str, arms: Sequence[Arm], seeds: int, out: Path, exam: Exam, tell: Callable[[str], None]
) -> list[Row]:
    """Train and score each arm with each seed. Returns all rows, including those of earlier runs."""
    path = out / f"{name}.runs.csv"
    known = {row["run"]: row for row in read_rows(path)}
    rows: list[Row] = []
    for seed in range(seeds):
        for arm in arms:
            # A row with another config or other held-out studies is from another run.
            key = digest(seeded(arm.config, seed), arm.name, str(arm.config), str(len(exam.studies)), str(seed))
            if key not in known:
                known[key] = {"run": key, **_run(name, arm, seed, out, exam)}
                append_row(path, known[key])
                figure, seconds = float(known[key]["relation"]), known[key]["seconds"]
                tell(f"{arm.name}, seed {seed}: relation F1 {figure:.3f} ({seconds} s)")
            rows.append(known[key])
    return rows


def _run(name: str, arm: Arm, seed: int, out: Path, exam: Exam) -> Row:
    started = time.monotonic()
    folder, log = train(name, arm, seed, out)
    figures = examine(folder, exam)
    loss = read_log(log)[-1]["validation_loss"]
    seconds = f"{time.monotonic() - started:.1f}"
    return {"arm": arm.name, "seed": str(seed), **figures, "validation loss": loss, "seconds": seconds}


def train(name: str, arm: Arm, seed: int, out: Path) -> tuple[Path, Path]:
    """The checkpoint of the arm with the seed, and the folder of its last stage's log."""
    config, shared = seeded(arm.config, seed), out / "shared"
    if arm.noise is not None:
        config = on_files(config, labelled(shared / "labels", config, arm.noise))
    if not arm.films:
        base = stage1(config, shared)
        return base / "stage1", base / "stage1.run"
    folder = out / "runs" / f"{name}-{slug(arm.name)}-{seed}-{digest(config)}"
    if not (folder / "stage2").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (shared / "features").mkdir(parents=True, exist_ok=True)
        link(folder / "features", shared / "features")
        # An encoder that the config names needs no stage 0.
        if not config.vision.folder:
            link(folder / "vision", vision(config, shared) / "vision")
        if not arm.from_scratch:
            link(folder / "stage1", stage1(config, shared) / "stage1")
        run_visual(config, folder, from_scratch=arm.from_scratch)
    return folder / "stage2", folder / "stage2.run"


def vision(config: RunConfig, shared: Path) -> Path:
    """The folder of stage 0, trained unless a run with the same settings exists."""
    parts = (config.seed, config.data.seed, config.vision, config.stage0, config.projector.feature_size)
    folder = shared / f"vision-{digest(config, *map(str, parts))}"
    if not (folder / "vision").exists():
        run_encoder(config, folder)
    return folder


def stage1(config: RunConfig, shared: Path) -> Path:
    """The folder of stage 1, trained unless a run with the same settings exists."""
    parts = (config.seed, config.data, config.language_model, config.stage1)
    folder = shared / f"stage1-{digest(config, *map(str, parts))}"
    if not (folder / "stage1").exists():
        run_text(config, folder)
    return folder


def labelled(folder: Path, config: RunConfig, share: float) -> Path:
    """A file of reports with this share of wrong mentions; the validation reports are correct."""
    path = folder / f"{config.data.seed}-{share:g}" / "studies.jsonl"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = Random(f"{config.data.seed}/{share}")  # noqa: S311 - errors, no secrets
    rows = []
    for study in studies(config.data.seed, LABELLED, films=config.data.film_share):
        graph, _ = corrupt_labels(study.text, study.graph, share, rng)
        rows.append(replace(synthetic(study).row, graph=graph, film=None, split="train", labels="wrong in part"))
    held = studies(config.data.seed + VALIDATION_SEED, config.data.validation, films=config.data.film_share)
    rows += [replace(synthetic(study).row, film=None, split="validation") for study in held]
    part = path.with_suffix(".part")
    write_file(part, rows)
    part.rename(path)
    return path


def examine(folder: Path, exam: Exam) -> dict[str, str]:
    """The checkpoint's scores on the held-out studies: from report and film if it reads films, else from the report."""
    checkpoint = load_checkpoint(folder)
    given = Given.BOTH if reads_films(checkpoint) else Given.REPORT
    own = vectors(checkpoint, exam.studies) if reads_films(checkpoint) else None
    found = counts(exam, read_exam(checkpoint, exam, given, own))
    parameters = sum(weight.numel() for weight in checkpoint.network.parameters())
    return {"parameters": str(parameters), **{name: repr(value(found, name)) for name in (*FIGURES, *BY_CLASS)}}


def read_rows(path: Path) -> list[Row]:
    """The rows of finished runs."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def append_row(path: Path, row: Row) -> None:
    """Append a row, with a header before the first one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if first:
            writer.writeheader()
        writer.writerow(row)


def digest(config: RunConfig, *parts: str) -> str:
    """The identity of a run: the parts of the config and the precision, or the whole config."""
    said = [str(config.precision), *parts] if parts else [json.dumps(to_mapping(config), sort_keys=True)]
    return sha256("\0".join(said).encode()).hexdigest()[:12]


def link(place: Path, target: Path) -> None:
    """A link to a shared folder of several runs."""
    if not place.exists():
        place.symlink_to(target.resolve(), target_is_directory=True)


def slug(name: str) -> str:
    """The name as part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
