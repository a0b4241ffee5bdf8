"""The records of a run: a CSV row per evaluation, TensorBoard curves, and a manifest."""

import csv
import json
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from training.stages.config import RunConfig, to_mapping
from training.stages.devices import processes

LOG_FILE, RUN_FILE, CURVES = "log.csv", "run.json", "tensorboard"
PACKAGES = ("torch", "transformers", "accelerate", "tokenizers", "numpy", "vlmkg-service")


class Records:
    """The curves of one stage, continued from `step`: later rows of a CSV are removed."""

    def __init__(self, folder: Path, step: int) -> None:
        self._log = folder / LOG_FILE
        self._curves: Any = SummaryWriter(str(folder / CURVES), purge_step=step)
        rows = read_log(folder)
        kept = [row for row in rows if int(row["step"]) <= step]
        if kept != rows:
            self._write(kept)

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """Record the curves of one optimizer step."""
        for name, value in values.items():
            self._curves.add_scalar(f"step/{name}", value, step)

    def evaluation(self, step: int, values: Mapping[str, float]) -> None:
        """Record an evaluation: a row of the CSV, and curves."""
        for name, value in values.items():
            self._curves.add_scalar(name, value, step)
        rows = read_log(self._log.parent)
        self._write([*rows, {"step": str(step), **{name: repr(value) for name, value in values.items()}}])

    def close(self) -> None:
        """Write buffered records."""
        self._curves.close()

    def _write(self, rows: list[dict[str, str]]) -> None:
        names = list(dict.fromkeys(name for row in rows for name in row)) or ["step"]
        part = self._log.with_suffix(".part")
        with part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
        part.replace(self._log)


def read_log(folder: Path) -> list[dict[str, str]]:
    """The rows of a stage's CSV, empty if there is none yet."""
    path = folder / LOG_FILE
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_run(
    folder: Path, config: RunConfig, stage: str, data: Mapping[str, str], films: Mapping[str, int] | None = None
) -> None:
    """The run's manifest: config, versions, data, commit, devices.

    An existing one is kept, because it is from the start of the run.
    """
    path, state = folder / RUN_FILE, processes()
    if path.exists() or not state.is_main_process:
        return
    content = {
        "stage": stage,
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processes": state.num_processes,
        "device": state.device.type,
        "versions": {name: version(name) for name in PACKAGES},
        "data": dict(data),
        **({"films": dict(films)} if films else {}),
        "config": to_mapping(config),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def commit() -> str:
    """The commit of this checkout, with `+` if files were changed; empty outside a checkout."""
    here = Path(__file__).parent
    # The arguments are constants; git is found on the PATH.
    asked = subprocess.run(  # noqa: S603
        ["git", "-C", str(here), "describe", "--always", "--dirty=+", "--abbrev=40"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()
