"""A stage goes on only with the config and data with which it began."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.stages.config import RunConfig, to_mapping
from training.stages.devices import main_process
from training.stages.records import RUN_FILE
from training.stages.state import STATE_FILE
from vlmkg.errors import UsageError

_STAGES = ("stage0", "stage1", "stage2")
FREE = frozenset(
    {"data.workers", "vision.features", "language_model.attention"}
    | {f"{stage}.{name}" for stage in _STAGES for name in ("save_minutes", "gradient_checkpointing")}
)
"""Fields that change how fast a run is and not what it learns."""
_SHOWN = 4


def check_resumed(folder: Path, config: RunConfig, stage: str, data: Mapping[str, str]) -> None:
    """Raises UsageError, which names the fields, if the state in `folder` is of another config or of other data.

    Without a state nothing was trained yet: the record of the earlier start is removed.
    """
    path = folder / RUN_FILE
    if not path.exists():
        return
    if not (folder / STATE_FILE).exists():
        if main_process():
            path.unlink()
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    kept = {name: value for name, value in flat(before["config"]) if _counts(name, stage)}
    own = {name: value for name, value in flat(to_mapping(config)) if _counts(name, stage)}
    # A field that is new in this release had its default.
    other = [name for name in own if name in kept and kept[name] != own[name]]
    changes = [f"{name} was {_short(kept[name])}, is {_short(own[name])}" for name in other]
    if before.get("data", dict(data)) != dict(data):
        changes.append("the data's files have another content")
    if changes:
        more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        raise UsageError(
            f"{folder} holds a run with another config: {'; '.join(changes[:_SHOWN])}{more}",
            "use the config of its run.json to go on, or choose another --out",
        )


def flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of a config by their dotted names."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _counts(name: str, stage: str) -> bool:
    part = name.split(".", maxsplit=1)[0]
    return name not in FREE and (part not in _STAGES or part == stage)


def _short(value: object) -> str:
    return json.dumps(value)[:60]
