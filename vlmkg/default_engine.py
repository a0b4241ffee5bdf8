"""The default engine, and the checkpoint of the engine `model`.

    named by --engine or VLMKG_ENGINE   that one
    named by neither                    `model`, if torch is installed and there is a checkpoint for it; else `rules`,
                                        with a notice that says why

    `model` is                          the folder of VLMKG_CHECKPOINT, else the last promoted checkpoint of the data
                                        folder, else the shipped one, if it is promoted

Checkpoints are not verified here: a damaged one is an error when it is loaded, never a reason to use another engine
(docs/decisions/0085-what-reads-by-default.md).
"""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from vlmkg.checkpoint.manifest import PROMOTION_FILE
from vlmkg.checkpoint.promotion import current_folder
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.settings import EngineSettings

MODEL, RULES = "model", "rules"

SHIPPED = (Path(__file__).parent / "shipped_checkpoint").resolve()
"""The shipped checkpoint: a folder in the wheel, and in a checkout a link to `checkpoints/small`."""


class EngineChoice(NamedTuple):
    """An engine's name. `told` is a notice if none was named and the model can't be used; else empty."""

    engine: str
    told: str = ""


def choose_engine(named: str | None, data: DataDir | None = None) -> EngineChoice:
    """The named engine, else the default. `data` is the data folder with the promotions; else VLMKG_DATA."""
    if named:
        return EngineChoice(named)
    folder = find_checkpoint(data)
    if folder is None:
        return _rules(f"no checkpoint is promoted, and {_why_not_shipped()}")
    if not has_torch() and EngineSettings().checkpoint is None:
        return _rules("torch, which the model needs, is not installed")
    return EngineChoice(MODEL)


def checkpoint_of(data: DataDir | None = None) -> Path:
    """The folder of the engine `model`. Raises UsageError if there is none."""
    folder = find_checkpoint(data)
    if folder is None:
        remedy = (
            "promote a checkpoint (vlmkg checkpoint promote), or set VLMKG_CHECKPOINT to the folder of a promoted one"
        )
        raise UsageError(f"there is no checkpoint for the engine `model`: {_why_not_shipped()}", remedy)
    return folder


def find_checkpoint(data: DataDir | None = None) -> Path | None:
    """The folder of the engine `model`; None if there is none."""
    settings = EngineSettings()
    return settings.checkpoint or current_folder(data or DataDir(settings.data)) or shipped()


def shipped() -> Path | None:
    """The folder of the shipped checkpoint; None if it is missing or not promoted."""
    return SHIPPED if (SHIPPED / PROMOTION_FILE).is_file() else None


def has_torch() -> bool:
    """Whether torch is installed, without importing it."""
    return find_spec("torch") is not None


def _rules(why: str) -> EngineChoice:
    return EngineChoice(RULES, f"no engine is named, so the rules engine is used: {why}")


def _why_not_shipped() -> str:
    return f"the one in {SHIPPED} is not promoted" if SHIPPED.is_dir() else f"this installation has none ({SHIPPED})"
