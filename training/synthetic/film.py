"""Phantom chest films: drawings similar to a frontal film that show the facts of a study.

They are not films of patients: smooth shapes with noise, only for training and tests. (H, W) arrays, float32 in [0, 1],
0 black; the patient's left is at the film's right. Coordinates run from 0 to 1, x to the right and y down.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from training.synthetic.facts import Fact, Kind

Grey = npt.NDArray[np.float32]
Shape = npt.NDArray[np.floating]
SIZE = 256
CENTRES = {"right": 0.32, "left": 0.68}
"""x of the middle of each lung."""
LUNG_WIDTH, LUNG_TOP, LUNG_BASE = 0.15, 0.12, 0.80
ZONES = {"upper": 0.28, "middle": 0.47, "lower": 0.66}
"""y of the middle of each zone."""
EDGE = 0.012
"""Width of a soft edge."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """The film being drawn, with the coordinates of its pixels and its own variation."""

    grey: Grey
    x: Grey
    y: Grey
    rng: np.random.Generator
    base: dict[str, float]


def draw_film(facts: Sequence[Fact], seed: int, size: int = SIZE) -> Grey:
    """The film of the drawn ones among `facts`; the same seed draws the same film."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    shift = rng.normal(0, 0.012, 2)
    wave = 0.004 * np.sin(2 * np.pi * (3 * y + rng.random()))
    stage = _Stage(
        np.zeros((size, size), np.float32),
        (x + shift[0] + wave).astype(np.float32),
        (y + shift[1]).astype(np.float32),
        rng,
        {side: LUNG_BASE + rng.normal(0, 0.02) - (0.025 if side == "right" else 0) for side in CENTRES},
    )
    drawn = [fact for fact in facts if fact.drawn]
    _body(stage)
    _heart(stage, next((fact.size for fact in drawn if fact.kind is Kind.CARDIOMEGALY), 0))
    for fact in drawn:
        if fact.kind in _DRAWERS:
            _DRAWERS[fact.kind](stage, fact)
    _devices(stage, drawn)
    # Separate random numbers: a fact changes the film only at its location.
    return _exposed(stage.grey, np.random.default_rng((seed, 1)))


def _soft(distance: Shape) -> Shape:
    """1 inside (negative distance), 0 outside, with a soft edge."""
    edge: Shape = 1 / (1 + np.exp(np.clip(distance / EDGE, -30, 30)))
    return edge


def _ellipse(stage: _Stage, x: float, y: float, width: float, height: float) -> Shape:
    radius = np.sqrt(((stage.x - x) / width) ** 2 + ((stage.y - y) / height) ** 2)
    return _soft((radius - 1) * min(width, height))


def _lung(stage: _Stage, side: str) -> Shape:
    """The lung's field: an ellipse above the dome of the diaphragm."""
    centre, base = CENTRES[side], stage.base[side]
    whole = _ellipse(stage, centre, 0.52, LUNG_WIDTH, 0.42)
    dome = base - 0.07 * np.exp(-(((stage.x - centre) / 0.11) ** 2))
    field: Shape = whole * _soft(stage.y - dome)
    return field


def _aired(stage: _Stage, side: str) -> Shape:
    """The part of the lung's field that is dark: not behind the heart, not under fluid."""
    aired: Shape = _lung(stage, side) * _soft((stage.grey - 0.5) * 0.2)
    return aired


def _lighten(stage: _Stage, amount: float, where: Shape) -> None:
    np.add(stage.grey, amount * where, out=stage.grey, casting="same_kind")


def _body(stage: _Stage) -> None:
    rng = stage.rng
    _lighten(stage, 0.62, _ellipse(stage, 0.5, 0.62, 0.47 + rng.normal(0, 0.01), 0.75))
    _lighten(stage, 0.10, _soft(np.abs(stage.x - 0.5) - 0.055))
    for side, centre in CENTRES.items():
        lung = _lung(stage, side)
        _lighten(stage, -0.42 - rng.normal(0, 0.03), lung)
        for rib in range(8):
            line = 0.17 + 0.075 * rib + 0.09 * ((stage.x - centre) / LUNG_WIDTH) ** 2
            _lighten(stage, 0.045, _soft(np.abs(stage.y - line) - 0.010) * lung)
        sign = 1 if side == "left" else -1
        vessels = np.exp(-((stage.x - 0.5 - sign * 0.085) ** 2 / 0.0018 + (stage.y - 0.47) ** 2 / 0.010))
        _lighten(stage, 0.13 + rng.normal(0, 0.02), vessels)
        collar = 0.155 - 0.25 * sign * (stage.x - centre)
        _lighten(stage, 0.08, _soft(np.abs(stage.y - collar) - 0.011) * _soft(np.abs(stage.x - centre) - 0.15))


def _heart(stage: _Stage, size: int) -> None:
    """The heart's half width is 0.11 of the film, 0.155 to 0.205 when enlarged; it lies to the patient's left."""
    width = (0.108, 0.152, 0.178, 0.205)[size] + stage.rng.normal(0, 0.006)
    where = _ellipse(stage, 0.53 + width * 0.12, 0.64, width, 0.155)
    np.maximum(stage.grey, 0.66 * where, out=stage.grey)


def _effusion(stage: _Stage, fact: Fact) -> None:
    """White up to a level that rises towards the chest wall."""
    centre = CENTRES[fact.side]
    wall = np.abs(stage.x - 0.5) - abs(centre - 0.5)
    level = stage.base[fact.side] - (0.0, 0.09, 0.20, 0.36)[fact.size] - stage.rng.random() * 0.04
    filled = _soft(level - 0.45 * np.maximum(wall, -0.05) - stage.y) * _ellipse(
        stage, centre, 0.52, LUNG_WIDTH + 0.02, 0.44
    )
    np.maximum(stage.grey, 0.64 * filled, out=stage.grey)


def _pneumothorax(stage: _Stage, fact: Fact) -> None:
    """Black without vessels between the chest wall and a thin white line."""
    centre, depth = CENTRES[fact.side], (0.0, 0.035, 0.055, 0.085)[fact.size]
    lateral = _soft(0.11 - np.abs(stage.x - 0.5))
    lung = _aired(stage, fact.side) * lateral
    inner = _ellipse(
        stage, centre - np.sign(centre - 0.5) * depth * 0.6, 0.53 + depth, LUNG_WIDTH - depth, 0.41 - depth
    )
    _lighten(stage, -0.16, lung * (1 - inner))
    _lighten(stage, 0.5, inner * (1 - inner) * 4 * lung * 0.5)


def _opacity(stage: _Stage, fact: Fact) -> None:
    """A cloud with ragged edges."""
    rng, spread = stage.rng, (0.0, 0.045, 0.06, 0.085)[fact.size]
    x = CENTRES[fact.side] + rng.normal(0, 0.02)
    y = ZONES[fact.zone] + rng.normal(0, 0.02)
    cloud = np.zeros_like(stage.grey)
    for _ in range(7):
        dx, dy = rng.normal(0, spread * 0.5, 2)
        puff = np.exp(-((stage.x - x - dx) ** 2 + (stage.y - y - dy) ** 2) / (2 * (spread * 0.7) ** 2))
        cloud = np.maximum(cloud, puff * rng.uniform(0.6, 1.0))
    _lighten(stage, 0.30, cloud * _aired(stage, fact.side))


def _nodule(stage: _Stage, fact: Fact) -> None:
    rng = stage.rng
    radius = (0.0, 0.018, 0.023, 0.030)[fact.size]
    x, y = CENTRES[fact.side] + rng.normal(0, 0.035), ZONES[fact.zone] + rng.normal(0, 0.03)
    _lighten(stage, 0.36, _ellipse(stage, x, y, radius, radius * rng.uniform(0.85, 1.15)))


def _devices(stage: _Stage, drawn: Sequence[Fact]) -> None:
    """Lines and metal, brighter than bone, drawn at four times the size and shrunk."""
    size = stage.grey.shape[0]
    picture = Image.new("L", (size * 4, size * 4), 0)
    pen = _Pen(ImageDraw.Draw(picture), size * 4, stage.rng)
    for fact in drawn:
        if fact.kind in _PENS:
            _PENS[fact.kind](pen, fact)
    metal = picture.filter(ImageFilter.GaussianBlur(2)).resize((size, size), Image.Resampling.BOX)
    # `stage.x` includes the shift of the whole film; devices are drawn without it, slightly off, as in practice.
    _lighten(stage, 0.45, np.asarray(metal, dtype=np.float32) / 255)


@dataclass(frozen=True, slots=True)
class _Pen:
    draw: ImageDraw.ImageDraw
    size: int
    rng: np.random.Generator

    def line(self, points: Sequence[tuple[float, float]], width: float = 0.008) -> None:
        jitter = self.rng.normal(0, 0.004, (len(points), 2))
        spots = [(self.size * (x + dx), self.size * (y + dy)) for (x, y), (dx, dy) in zip(points, jitter, strict=True)]
        self.draw.line(spots, fill=255, width=max(1, round(self.size * width)), joint="curve")

    def box(self, x: float, y: float, width: float, height: float) -> None:
        corners = [self.size * edge for edge in (x - width, y - height, x + width, y + height)]
        self.draw.rounded_rectangle(corners, radius=self.size * 0.015, fill=255)


def _tube(pen: _Pen, _: Fact) -> None:
    pen.line([(0.497, 0.0), (0.5, 0.12), (0.5, 0.27)], 0.012)


def _feeding(pen: _Pen, _: Fact) -> None:
    pen.line([(0.513, 0.0), (0.515, 0.3), (0.51, 0.6), (0.54, 0.8), (0.62, 0.9), (0.66, 0.88)], 0.007)


def _catheter(pen: _Pen, fact: Fact) -> None:
    outward = 1 if fact.side == "left" else -1
    start = [(0.5 + outward * 0.36, 0.02), (0.5 + outward * 0.28, 0.16), (0.5 + outward * 0.10, 0.22)]
    pen.line([*start, (0.465, 0.30), (0.458, 0.45)], 0.006)


def _pacemaker(pen: _Pen, fact: Fact) -> None:
    outward = 1 if fact.side == "left" else -1
    x = 0.5 + outward * 0.27
    pen.box(x, 0.23, 0.045, 0.035)
    pen.line([(x, 0.25), (0.5 + outward * 0.12, 0.25), (0.46, 0.36), (0.46, 0.58), (0.56, 0.72)], 0.006)


def _wires(pen: _Pen, _: Fact) -> None:
    for loop in range(5):
        y = 0.32 + 0.085 * loop
        pen.line([(0.49, y), (0.50, y - 0.012), (0.512, y), (0.50, y + 0.012), (0.49, y)], 0.005)


_DRAWERS = {
    Kind.EFFUSION: _effusion,
    Kind.PNEUMOTHORAX: _pneumothorax,
    Kind.OPACITY: _opacity,
    Kind.NODULE: _nodule,
}
_PENS = {
    Kind.TUBE: _tube,
    Kind.FEEDING: _feeding,
    Kind.CATHETER: _catheter,
    Kind.PACEMAKER: _pacemaker,
    Kind.WIRES: _wires,
}


def _exposed(drawn: Grey, rng: np.random.Generator) -> Grey:
    """Add noise, and a random exposure."""
    grey = np.clip(drawn, 0.0, 1.0)
    grain = rng.standard_normal(grey.shape, dtype=np.float32) * 0.018 * np.sqrt(grey + 0.05)
    exposed = np.clip(grey * rng.uniform(0.9, 1.12) + rng.uniform(-0.02, 0.05) + grain, 0.0, 1.0)
    darkened: Grey = (exposed ** rng.uniform(0.85, 1.2)).astype(np.float32)
    return _marked(darkened)


def _marked(grey: Grey) -> Grey:
    """Add a lead L at the patient's left and the collimator's black edge, so that every film has white and black.

    Readers stretch a film of 16 bits from its least to its greatest value, so all films are stretched equally.
    """
    size = grey.shape[0]
    step = max(1, size // 64)
    top, left = 3 * step, size - 8 * step
    grey[top : top + 5 * step, left : left + step] = 1.0
    grey[top + 4 * step : top + 5 * step, left : left + 3 * step] = 1.0
    for edge in (np.s_[:step], np.s_[-step:]):
        grey[edge] = 0.0
        grey[:, edge] = 0.0
    return grey
