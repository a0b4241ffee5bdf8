"""An experiment's figure, as SVG: bars of arms or lines over a size, each with its interval."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.experiments.statistics import Estimate

Series = Mapping[str, Sequence[Estimate | None]]
"""By name in the legend, one estimate for each position of the axis; None if there is none."""
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#555555")
"""Okabe and Ito's colours, which colour-blind people can distinguish."""
HATCHES = ("", "///", "...")
"""Of the first series of each colour, the second, the third."""


def bars(path: Path, labels: Sequence[str], series: Series, title: str, y_label: str) -> None:
    """Groups of bars, one group per label."""
    figure, axes = _figure(title, y_label, width=max(7.0, 0.3 * len(labels) * len(series) + 4.0))
    width = 0.8 / max(len(series), 1)
    for number, (name, estimates) in enumerate(series.items()):
        known = [(at, one) for at, one in enumerate(estimates) if one is not None]
        places = [at + width * (number + 0.5) - 0.4 for at, _ in known]
        again, colour = divmod(number, len(COLOURS))
        look: dict[str, Any] = {"color": COLOURS[colour], "hatch": HATCHES[again % len(HATCHES)], "edgecolor": "white"}
        axes.bar(places, [one.mean for _, one in known], width * 0.92, label=name, linewidth=0, **look)
        _whiskers(axes, places, [one for _, one in known])
    turned = max(map(len, labels), default=0) * len(labels) > 70
    axes.set_xticks(range(len(labels)), labels, rotation=25 if turned else 0, ha="right" if turned else "center")
    _save(figure, axes, path, len(series))


def lines(path: Path, places: Sequence[float], series: Series, title: str, x_label: str, y_label: str) -> None:
    """Lines over the positions of a logarithmic axis."""
    figure, axes = _figure(title, y_label, width=8.0)
    for number, (name, estimates) in enumerate(series.items()):
        known = [(place, one) for place, one in zip(places, estimates, strict=True) if one is not None]
        colour = COLOURS[number % len(COLOURS)]
        axes.plot([place for place, _ in known], [one.mean for _, one in known], marker="o", label=name, color=colour)
        bounded = [(place, one.low, one.high) for place, one in known if one.low is not None and one.high is not None]
        if bounded:
            at, low, high = zip(*bounded, strict=True)
            axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(places), [f"{place:g}" for place in places])
    axes.minorticks_off()
    axes.set_xlabel(x_label)
    _save(figure, axes, path, len(series))


def _figure(title: str, y_label: str, width: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(min(width, 14.0), 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    # Over the whole figure, with the legend below.
    figure.suptitle(title, x=0.01, horizontalalignment="left", fontsize=11)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    return figure, axes


def _whiskers(axes: Any, places: Sequence[float], estimates: Sequence[Estimate]) -> None:
    for place, one in zip(places, estimates, strict=True):
        if one.low is not None and one.high is not None:
            axes.plot([place, place], [one.low, one.high], color="black", linewidth=1)


def _save(figure: Figure, axes: Any, path: Path, series: int) -> None:
    # Beside the axes, because bars leave no space inside.
    if series > 1:
        figure.legend(loc="outside right center", frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without date and random ids, so that the same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": "vlmkg", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
