"""Which engine reads where nobody names one, and which checkpoint `model` stands for.

    named by --engine or VLMKG_ENGINE   that one
    named by neither                    `model`, where torch is installed and there is a checkpoint that it stands for;
                                        else `rules`, and why is said

    `model` stands for                  the folder of VLMKG_CHECKPOINT, else the checkpoint promoted last in the data
                                        folder, else the one that comes with the project, where it bears a promotion

Whether a checkpoint is whole and may work is not judged here: a damaged one is an error when it is loaded, and never a
reason to read by something else (docs/decisions/0085-what-reads-by-default.md).
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
"""The checkpoint that comes with the project: inside the wheel, and by a link the checkout's `checkpoints/small`."""


class Choice(NamedTuple):
    """An engine's name. `told` is one line for whoever named none and does not get the model; else empty."""

    engine: str
    told: str = ""


def choose_engine(named: str | None, data: DataDir | None = None) -> Choice:
    """The engine that is named, else the default. `data` is where to look for what was promoted; else VLMKG_DATA."""
    if named:
        return Choice(named)
    folder = find_checkpoint(data)
    if folder is None:
        return _rules(f"no checkpoint is promoted, and {_why_not_shipped()}")
    if not has_torch() and EngineSettings().checkpoint is None:
        return _rules("torch, which the model needs, is not installed")
    return Choice(MODEL)


def checkpoint_of(data: DataDir | None = None) -> Path:
    """The folder that `model` stands for. Raises UsageError where there is none."""
    folder = find_checkpoint(data)
    if folder is None:
        remedy = (
            "promote a checkpoint (vlmkg checkpoint promote), or set VLMKG_CHECKPOINT to the folder of a promoted one"
        )
        raise UsageError(f"there is no checkpoint for the engine `model`: {_why_not_shipped()}", remedy)
    return folder


def find_checkpoint(data: DataDir | None = None) -> Path | None:
    """The folder that `model` stands for; None where there is none."""
    settings = EngineSettings()
    return settings.checkpoint or current_folder(data or DataDir(settings.data)) or shipped()


def shipped() -> Path | None:
    """The folder of the checkpoint that comes with the project; None where it is not there, or not promoted."""
    return SHIPPED if (SHIPPED / PROMOTION_FILE).is_file() else None


def has_torch() -> bool:
    """Whether torch is installed. It is not imported."""
    return find_spec("torch") is not None


def _rules(why: str) -> Choice:
    return Choice(RULES, f"no engine is named, so the rules engine is used: {why}")


def _why_not_shipped() -> str:
    return f"the one in {SHIPPED} is not promoted" if SHIPPED.is_dir() else f"this installation has none ({SHIPPED})"
