"""Transfer to other styles: F1 by type of relation, on each available style."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from training.documents import load
from training.experiments.feeds import read_feeds
from training.experiments.figures import bars
from training.experiments.statistics import Estimate, over_reports
from training.experiments.tables import Cell, Table, write_tables
from training.experiments.texts import Read, Text, read_texts, text_of
from training.synthetic.seeds import TRANSFER_SEED
from training.synthetic.studies import studies
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import extract_texts, load_engine
from vlmkg.schema import RelationType

FIGURES = ("entity", "relation", *(f"relation:{kind}" for kind in RelationType))
SILVER = ", silver"
"""Part of a style's name: its graphs are the rules engine's, so its row shows agreement with the rules, not
correctness.
"""


def run(engines: Sequence[str], out: Path, reports: int, feeds: Path | None, gold: Path | None) -> None:
    """Read every style with each engine; write the table and the figure."""
    styles = synthetic_styles(reports)
    if gold is not None:
        styles[f"gold file {gold.stem}"] = [Text(str(one["text"]), one) for one in load(gold).values()]
    if feeds is not None:
        styles |= feed_styles(feeds, load_engine("rules"), reports)
    rows: list[list[Cell]] = []
    series: dict[str, list[Estimate | None]] = {}
    for name in engines:
        engine = load_engine(name, unpromoted=True)
        label = engine.checkpoint or engine.name
        for style, texts in styles.items():
            # The rules would only be compared with themselves.
            if engine.name == "rules" and style.endswith(SILVER):
                continue
            found = figures(read_texts(engine, texts))
            rows.append([label, style, len(texts), *found])
            series[f"{label}: {style}"] = found
    write_tables(out, "transfer", [transfer_table(rows, feeds, gold)])
    labels = [name.removeprefix("relation:") for name in FIGURES]
    bars(out / "transfer.svg", labels, series, "Each style by type of relation, 95 % interval over reports", "F1")


def synthetic_styles(reports: int) -> dict[str, list[Text]]:
    """Held-out synthetic reports, and the same in capitals and in lower case."""
    made = [one for one in studies(TRANSFER_SEED, reports, films=0.0) if one.text.isascii()]
    return {
        "synthetic, held out": [text_of(one.text, one.graph) for one in made],
        "the same in capitals": [text_of(one.text.upper(), one.graph) for one in made],
        "the same in small letters": [text_of(one.text.lower(), one.graph) for one in made],
    }


def feed_styles(feeds: Path, rules: Engine, reports: int) -> dict[str, list[Text]]:
    """Messages of a hospital, chest radiographs and other exams separately, with the rules' readings."""
    found = read_feeds(feeds)
    parts = {
        "messages, chest": [one.text for one in found if one.chest],
        "messages, other exams": [one.text for one in found if not one.chest],
    }
    return {
        f"{name}{SILVER}": [text_of(*pair) for pair in zip(part, extract_texts(rules, part), strict=True)]
        for name, part in ((name, texts[:reports]) for name, texts in parts.items())
        if part
    }


def figures(read: Read) -> list[Estimate | None]:
    """Each figure over the reports; None if neither side has such a relation."""
    found = [[one[name] for one in read.counts] for name in FIGURES]
    return [over_reports(column) if any(map(any, column)) else None for column in found]


def transfer_table(rows: Sequence[Sequence[Cell]], feeds: Path | None, gold: Path | None) -> Table:
    """The table; its note names missing inputs."""
    absent: Mapping[str, Path | None] = {"messages (--feeds)": feeds, "a gold file (--gold)": gold}
    skipped = [name for name, place in absent.items() if place is None]
    note = "Intervals: 95 %, bootstrap over reports. Silver: agreement with the rules engine, not correctness."
    note += f" Skipped, because it was not given: {', '.join(skipped)}." if skipped else ""
    return Table("Transfer to other styles", note, ("engine", "style", "reports", *(f"{n} F1" for n in FIGURES)), rows)
