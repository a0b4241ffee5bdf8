"""Changes of the readings by a checkpoint's text witness: the same engine with it and without it.

Measured as a lead is (`training.lead`): on gold if there is any, on synthetic studies, and on a text of each template
of the families of kinds; families that the text witness was not trained on are separate. Differences are paired by text
(95 % intervals).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from training.bootstrap import Draw, draws, interval
from training.lead import Rows, Set, count_rows, outputs, synthetic_set
from training.metrics import f1, total
from training.synthetic.kinds.families import families, spread
from vlmkg.checkpoint.evaluation import Difference
from vlmkg.checkpoint.manifest import TEXT_WITNESS
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import load_engine, read_twice
from vlmkg.text_witness.store import ABOUT_FILE

SEED = 7_000_001
STUDIES = 500
TEMPLATES_SEED = 5


class Change(NamedTuple):
    """One figure without the text witness and with it, their difference, and the number of texts."""

    without: float
    with_it: float
    difference: Difference
    texts: int


def measured_sets(checkpoint: Path, gold: Iterable[Set] = ()) -> list[Set]:
    """The sets, with the families that the checkpoint's text witness was not taught apart."""
    about = json.loads((checkpoint / TEXT_WITNESS / ABOUT_FILE).read_text(encoding="utf-8"))
    untaught = sorted(families().keys() - set(about["families"]))
    apart = [_templates("untaught families", untaught)] if untaught else []
    return [*gold, synthetic_set(SEED, STUDIES), _templates("families", sorted(families())), *apart]


def changes(engine: Engine, sets: Iterable[Set]) -> dict[str, Change]:
    """Each figure of each set, by names such as `families unharmed`."""
    rules = load_engine("rules")
    found: dict[str, Change] = {}
    for one in sets:
        pairs = list(zip(one.texts, outputs(engine, one.texts), outputs(rules, one.texts), strict=True))
        graphs = [
            [
                read_twice(text, said.graph, heard, engine.lead, words=said.words if asked else ()).graph
                for text, said, heard in pairs
            ]
            for asked in (False, True)
        ]
        without, with_it = (count_rows(one, read) for read in graphs)
        for name, part in one.figures.items():
            found[f"{one.name} {name}"] = _change(without, with_it, part)
    return found


def table(found: Mapping[str, Change]) -> str:
    """Markdown: a row for each figure."""
    lines = ["| figure | texts | without | with the text witness | difference (95 %) |", "| --- " * 5 + "|"]
    for name, one in found.items():
        gap = one.difference
        lines.append(
            f"| {name} | {one.texts} | {one.without:.4f} | {one.with_it:.4f} | "
            f"{gap.difference:+.4f} ({gap.low:+.4f} to {gap.high:+.4f}) |"
        )
    return "\n".join(lines)


def _change(without: Rows, with_it: Rows, part: str) -> Change:
    def score(rows: Rows, draw: Draw) -> float:
        return f1(total((rows[at] for at in draw), part))

    def gap(draw: Draw) -> float:
        return score(with_it, draw) - score(without, draw)

    everything = list(range(len(without)))
    gained = Difference(gap(everything), *interval(gap, draws(len(without))))
    return Change(score(without, everything), score(with_it, everything), gained, len(without))


def _templates(name: str, chosen: Iterable[str]) -> Set:
    """A text of each template of the families."""
    made = tuple(one for family in chosen for one in spread(family, len(families()[family]), TEMPLATES_SEED))
    return Set(name, tuple(one.text for one in made), samples=made)
