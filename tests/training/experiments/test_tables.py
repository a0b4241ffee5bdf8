"""Tables as Markdown and CSV, figures as SVG."""

import csv

from training.experiments.figures import bars, lines
from training.experiments.statistics import Estimate
from training.experiments.tables import Table, to_markdown, write_tables

TABLE = Table(
    "Arms",
    "95 % intervals.",
    ("arm", "F1", "runs"),
    [("none", Estimate(0.5), 1), ("mlp", Estimate(0.25, 0.2, 0.3), 3), ("absent", None, 0)],
)


def test_markdown_shows_intervals_where_there_are_any():
    assert to_markdown(TABLE) == (
        "**Arms**\n\n| arm | F1 | runs |\n| --- | --- | --- |\n| none | 0.500 | 1 |\n"
        "| mlp | 0.250 (0.200 to 0.300) | 3 |\n| absent | - | 0 |\n\n95 % intervals.\n"
    )


def test_a_csv_a_table_with_the_bounds_as_columns(tmp_path):
    write_tables(tmp_path / "new", "arms", [TABLE, Table("Second", "", ("a",), [(1,)])])

    with (tmp_path / "new" / "arms.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["arm", "F1", "F1 low", "F1 high", "runs"]
    assert rows[1:] == [
        ["none", "0.5", "", "", "1"],
        ["mlp", "0.25", "0.2", "0.3", "3"],
        ["absent", "", "", "", "0"],
    ]
    assert (tmp_path / "new" / "arms-2.csv").read_text() == "a\n1\n"
    assert (tmp_path / "new" / "arms.md").read_text().count("**") == 4


def test_figures_are_svg_and_the_same_again(tmp_path):
    found = {"relation": [Estimate(0.5, 0.4, 0.6), None], "film": [Estimate(0.2), Estimate(0.3)]}
    for name in ("a.svg", "b.svg"):
        bars(tmp_path / name, ["linear", "mlp"], found, "Projectors", "F1")
        lines(tmp_path / f"lines-{name}", [8, 16], found, "Prefix", "embeddings", "F1")

    for kind in ("", "lines-"):
        svg = (tmp_path / f"{kind}a.svg").read_text()
        assert svg == (tmp_path / f"{kind}b.svg").read_text()
        assert "relation" in svg
    assert "mlp" in (tmp_path / "a.svg").read_text()
