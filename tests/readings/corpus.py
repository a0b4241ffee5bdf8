"""The texts whose readings are recorded, and the engines that read them."""

from functools import cache
from pathlib import Path

from tests.readings.second_reader import SecondReader
from vlmkg.default_engine import SHIPPED
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import load_engine

CORPUS = Path(__file__).parent / "corpus.txt"

FRAMES = (
    "There is {}.",
    "No {}.",
    "No {} is seen, but the heart is enlarged.",
    "Possible {}.",
    "Left {}, unchanged.",
    "{} has resolved.",
    "{}: none.",
    "Evaluate for {}.",
    "Findings suggest {}.",
    "{} cannot be excluded.",
)
NAMES = (
    "pneumothorax", "pleural effusion", "pulmonary edema", "consolidation", "atelectasis", "nodule", "rib fracture",
    "cardiomegaly", "hiatal hernia", "chest tube", "pacemaker", "calcified granuloma", "scarring", "free air",
    "mass in the right upper lobe",
)  # fmt: skip
"""What each frame is filled with. The sentences of one name are one text."""


@cache
def texts() -> tuple[str, ...]:
    """The texts of the file, then those made of frames. No two are equal."""
    found: list[str] = []
    lines: list[str] = []
    for line in [*CORPUS.read_text(encoding="utf-8").split("\n"), "--"]:
        if line.startswith("#") or (line.startswith("==") and not lines):
            continue
        if line == "--" or line.startswith("=="):
            found.append("\n".join(lines).strip("\n").replace("\\r", "\r"))
            lines = []
        else:
            lines.append(line)
    framed = ["\n".join(frame.format(name).capitalize() for frame in FRAMES) for name in NAMES]
    unique = tuple(dict.fromkeys([text for text in found if text] + framed))
    if len(unique) != len([text for text in found if text]) + len(framed):
        raise ValueError(f"{CORPUS} has a text twice")
    return unique


READERS = ("rules", "differing", "shipped")
"""The rules; two witnesses that differ; the checkpoint that comes with the project."""


def reader(name: str) -> Engine:
    """The engine of one of READERS."""
    if name == "differing":
        return SecondReader()
    return load_engine(str(SHIPPED), device="cpu") if name == "shipped" else load_engine(name)
