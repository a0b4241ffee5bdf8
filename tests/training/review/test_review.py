"""Sheets go out blinded and safe to open, come back from spreadsheets, and a fault is told by its row."""

import csv
import json
from collections import Counter
from dataclasses import replace

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from training.data.jsonl import write_file
from training.data.rows import Row
from training.review.findings import GOAL, findings, majority
from training.review.folder import KEY_FILE, KeyItem, Verdicts, read_back
from training.review.items import even_shares, sample
from training.review.sheets import COLUMNS, VERDICT, Judgement, marked, plain, read_sheet
from training.stages.loading import synthetic
from training.synthetic.studies import studies
from vlmkg.cli import vlmkg
from vlmkg.errors import UsageError
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph
from vlmkg.verdicts import Verdict

ROWS = [synthetic(study).row for study in studies(5, 60, films=0.5)]
RIGHT, WRONG, UNSURE = Verdict


@pytest.fixture
def folder(tmp_path):
    """A review of 40 triplets for three readers."""
    write_file(tmp_path / "said-by-model-x.jsonl", [replace(row, labels="model-x") for row in ROWS])
    result = invoke("export", "--graphs", tmp_path / "said-by-model-x.jsonl", "--count", 40, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    return tmp_path / "out"


def invoke(*arguments):
    return CliRunner().invoke(vlmkg, ["train", "review", *map(str, arguments)], catch_exceptions=False)


def sheet(folder, reader):
    with (folder / "sheets" / f"reader-{reader}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill(folder, reader, rows, **how):
    path = folder / "sheets" / f"reader-{reader}.csv"
    with path.open("w", encoding=how.pop("encoding", "utf-8-sig"), newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, **how)
        writer.writeheader()
        writer.writerows(rows)
    return path


def judged(rows, verdict="correct"):
    return [{**row, VERDICT: verdict} for row in rows]


def test_each_reader_gets_the_same_items_in_another_order(folder):
    sheets = [sheet(folder, reader) for reader in (1, 2, 3)]
    orders = [[row["item"] for row in rows] for rows in sheets]

    assert sorted(orders[0]) == sorted(orders[1]) == sorted(orders[2]) == [f"T{at:03}" for at in range(1, 41)]
    assert len({tuple(order) for order in orders}) == 3
    assert all(tuple(rows[0]) == COLUMNS for rows in sheets)
    assert all(not row[VERDICT] and not row["comment"] for rows in sheets for row in rows)


def test_a_sheet_tells_neither_the_engine_nor_the_study(folder):
    key = json.loads((folder / KEY_FILE).read_text())
    for path in (folder / "sheets").iterdir():
        content = path.read_text(encoding="utf-8")
        assert not any(word in content for word in ("model-x", key["graphs"], key["sha256"]))
        assert not any(item["report"] in content for item in key["items"].values())
    assert key["graphs"] == "said-by-model-x.jsonl"
    assert {path.name for path in folder.iterdir()} == {"sheets", KEY_FILE}
    assert folder.stat().st_mode & 0o077 == 0


def test_a_row_is_its_triplet_beside_the_report_with_both_words_marked(folder):
    key = json.loads((folder / KEY_FILE).read_text())["items"]
    reports = {row.study_id: row.report for row in ROWS}
    for row in sheet(folder, 1):
        item = key[row["item"]]
        text = reports[item["report"]]
        assert row["head «1»"].lstrip("'") == text[slice(*item["head"])]
        assert row["tail «2»"].lstrip("'") == text[slice(*item["tail"])]
        assert f"«1:{text[slice(*item['head'])]}»" in row["report"]
        assert f"«2:{text[slice(*item['tail'])]}»" in row["report"]
        bare = row["report"].removeprefix("'").replace("«1:", "").replace("«2:", "").replace("»", "")
        assert bare == text
        assert row["head is"] == item["says"]


def test_types_are_drawn_evenly_and_presence_within_them_in_proportion():
    drawn = sample(ROWS, 90, 1)
    types = Counter(item.relation for item in drawn.items)
    located = [item.says for item in drawn.items if item.relation is RelationType.LOCATED_AT]
    everywhere = [
        row.graph.mentions[one.head].presence
        for row in ROWS
        for one in row.graph.relations
        if one.type is RelationType.LOCATED_AT
    ]

    assert types == even_shares(drawn.triplets, 90)
    assert min(types.values()) == min(30, *drawn.triplets.values())
    for presence, count in Counter(everywhere).items():
        assert located.count(presence) == pytest.approx(count * len(located) / len(everywhere), abs=1)
    assert len({(item.report_id, item.head, item.relation, item.tail) for item in drawn.items}) == 90


def test_a_seed_is_a_sample():
    assert sample(ROWS, 30, 1) == sample(ROWS, 30, 1) != sample(ROWS, 30, 2)
    with pytest.raises(UsageError, match="fewer than 100000"):
        sample(ROWS, 100_000, 1)


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 50), min_size=1), st.integers(1, 60))
def test_shares_are_whole_and_as_even_as_can_be(sizes, count):
    count = min(count, sum(sizes.values()))
    shares = even_shares(sizes, count)

    assert sum(shares.values()) == count
    assert all(shares[name] <= sizes[name] for name in sizes)
    short = [shares[name] for name in sizes if shares[name] < sizes[name]]
    assert not short or max(shares.values()) - min(short) <= 1


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-small effusion", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", "\n=1"]
)
def test_no_cell_is_a_formula(text):
    assert plain(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "effusion", "1.5 cm", "'quoted'", "a=b", "no - effusion"])
def test_other_cells_stay(text):
    assert plain(text) == text


def test_a_formula_in_a_report_reaches_no_sheet(tmp_path):
    text = '=HYPERLINK("http://x","heart") is large'
    heart, large = (
        Mention(at, at + 5, text[at : at + 5], Kind.OBSERVATION, Presence.PRESENT, "findings")
        for at in (text.index("heart"), text.index("large"))
    )
    graph = ReportGraph((heart, large), (Relation(1, RelationType.MODIFY, 0),))
    write_file(tmp_path / "g.jsonl", [Row("1", "1", text, graph)])
    invoke("export", "--graphs", tmp_path / "g.jsonl", "--count", 1, "--out", tmp_path / "out")

    (row,) = sheet(tmp_path / "out", 1)
    assert row["report"] == "'" + text.replace("heart", "«2:heart»").replace("large", "«1:large»")
    assert marked(sample([Row("1", "1", text, graph)], 1, 0).items[0]) == row["report"][1:]


def test_radgraph_is_read_too(tmp_path):
    entries = {row.study_id: to_radgraph(row.report, row.graph) for row in ROWS[:20]}
    (tmp_path / "g.json").write_text(json.dumps(entries))

    assert invoke("export", "--graphs", tmp_path / "g.json", "--count", 10, "--out", tmp_path / "o").exit_code == 0
    assert len(sheet(tmp_path / "o", 3)) == 10


def test_sheets_come_back_as_spreadsheets_save_them(folder):
    fill(folder, 1, sorted(judged(sheet(folder, 1)), key=lambda row: row["item"]), delimiter=";")
    rows = judged(sheet(folder, 2), "  Cannot   TELL ")
    rows[0]["comment"] = "schräg"
    path = fill(folder, 2, rows, encoding="cp1252", delimiter="\t")
    path.write_bytes(path.read_bytes() + b"\r\n\t\t\t\r\n")
    fill(folder, 3, judged(sheet(folder, 3), "wrong"))

    readers = read_back(folder).readers
    assert {one.verdict for one in readers["reader-1"].values()} == {RIGHT}
    assert readers["reader-2"][rows[0]["item"]] == Judgement(UNSURE, "schräg")
    assert {one.verdict for one in readers["reader-3"].values()} == {WRONG}


def test_each_fault_is_named_by_its_row_and_no_word_of_the_sheet(folder):
    rows = judged(sheet(folder, 1))
    names = [row["item"] for row in rows]
    rows[0][VERDICT] = ""
    rows[1][VERDICT] = "a secret word"
    rows[3] = {**rows[2]}
    rows[5]["item"] = "another secret"
    fill(folder, 1, rows)

    with pytest.raises(UsageError) as caught:
        read_back(folder)
    assert str(caught.value) == (
        f"reader-1.csv: row 2 ({names[0]}) has no verdict; row 3 ({names[1]}) has an unknown verdict; "
        f"row 5 is the same item as row 4, {names[2]}; row 7 is not an item of this review; "
        + "; ".join(f"{name} is missing" for name in sorted((names[3], names[5])))
    )


def test_a_sheet_without_verdicts_names_some_and_counts_the_rest(folder):
    with pytest.raises(UsageError, match=r"row 2 \(T\d+\) has no verdict; .*; 30 more$"):
        read_back(folder)


def test_a_missing_sheet_column_or_key_is_told(folder, tmp_path):
    (folder / "sheets" / "reader-1.csv").rename(tmp_path / "kept.csv")
    with pytest.raises(UsageError, match=r"reader-1\.csv is missing"):
        read_back(folder)
    (tmp_path / "kept.csv").write_text("item,comment\nT001,\n")
    with pytest.raises(UsageError, match="no column 'verdict"):
        read_sheet(tmp_path / "kept.csv", {"T001"})
    with pytest.raises(UsageError, match=KEY_FILE):
        read_back(tmp_path)


def review_of(*said, relations=("modify", "modify", "located_at"), triplets=None):
    """A review: `said` has a row of verdicts for each item, one a reader."""
    names = [f"T{at}" for at in range(len(said))]
    items = {name: KeyItem(relations[at % 3], "present") for at, name in enumerate(names)}
    readers = {
        f"reader-{reader}": {name: Judgement(row[reader], "") for name, row in zip(names, said, strict=True)}
        for reader in range(len(said[0]))
    }
    return Verdicts(items, readers, triplets or {"modify": 900, "located_at": 100})


def test_an_item_is_what_most_readers_say():
    assert majority([RIGHT, RIGHT, WRONG]) is RIGHT
    assert majority([RIGHT, WRONG]) is None
    assert majority([RIGHT, WRONG, UNSURE]) is None
    assert majority([UNSURE, UNSURE, RIGHT]) is UNSURE


def test_accuracy_by_type_weighted_by_how_often_the_type_stands():
    found = findings(
        review_of((RIGHT, RIGHT, WRONG), (WRONG, WRONG, WRONG), (RIGHT, RIGHT, RIGHT), (RIGHT, WRONG, UNSURE))
    )

    assert (found.by_type["modify"].correct, found.by_type["modify"].decided) == (1, 2)
    assert found.by_type["modify"].undecided == 1
    assert found.by_type["located_at"].share == 1
    assert found.weighted == pytest.approx(0.9 * 0.5 + 0.1 * 1)
    assert found.all_items.share == pytest.approx(2 / 3)
    assert found.by_reader["reader-2"].share == pytest.approx(1 / 3)
    assert found.disagreements == ["T0", "T3"]


def test_agreement_is_of_pairs_of_readers_against_the_goal():
    found = findings(review_of((RIGHT, RIGHT, WRONG), (RIGHT, RIGHT, RIGHT)))
    assert found.agreement == pytest.approx((1 / 3 + 1) / 2)
    assert not found.goal_met
    assert found.kappas["reader-0, reader-1"] is None
    assert found.kappas["reader-0, reader-2"] == 0

    nine = [(RIGHT, RIGHT)] * 5 + [(WRONG, WRONG)] * 4
    at_the_goal = findings(review_of(*nine, (RIGHT, WRONG)))
    assert at_the_goal.agreement == GOAL
    assert at_the_goal.goal_met
    assert at_the_goal.kappas["reader-0, reader-1"] == pytest.approx(0.8)


def test_nothing_decided_is_no_accuracy():
    found = findings(review_of((UNSURE, UNSURE)))
    assert (found.all_items.share, found.all_items.undecided, found.weighted) == (None, 1, None)


def test_the_commands_go_from_graphs_to_figures(folder):
    for reader in (1, 2, 3):
        rows = judged(sheet(folder, reader))
        for row in rows:
            if row["item"] == "T007" and reader == 2:
                row |= {VERDICT: "wrong", "comment": "=1+1"}
        fill(folder, reader, rows)

    shown = invoke("import", folder)
    assert "raw agreement of pairs of readers: 0.983 (goal 0.90: met)" in shown.output
    assert "1 items with disagreement: T007" in shown.output
    said = json.loads(invoke("import", folder, "--json").output)
    assert (said["all_items"]["correct"], said["disagreements"], said["goal_met"]) == (40, ["T007"], True)
    with (folder / "disagreements.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["item"], row["reader-2 verdict"], row["reader-2 comment"]) == ("T007", "wrong", "'=1+1")


def test_an_export_overwrites_nothing(folder, tmp_path):
    with pytest.raises(UsageError, match="already exists"):
        invoke("export", "--graphs", tmp_path / "said-by-model-x.jsonl", "--out", folder)
