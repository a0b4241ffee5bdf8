"""The lead is measured: both witnesses together against the better of the two, on a few real texts."""

import pytest
from click.testing import CliRunner

from training.lead import Figure, Set, best_lead, compare, family_set, synthetic_set, table, worse, write_lead
from training.synthetic.kinds.families import families, spread
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.evaluation import Difference
from vlmkg.checkpoint.manifest import verify
from vlmkg.checkpoint.promotion import is_promoted
from vlmkg.cli import vlmkg
from vlmkg.engine_protocol import Lead
from vlmkg.errors import UsageError
from vlmkg.pipeline import load_engine, read_reports
from vlmkg.radgraph import to_radgraph

pytestmark = pytest.mark.usefixtures("one_thread")
TEXTS = ("No pneumothorax. Small left effusion.", "The heart is mildly enlarged.", "Small plovexia at the left base.")


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Random weights against the rules. The gold of the reports is what the rules read."""
    folder = tmp_path_factory.mktemp("lead") / "tiny"
    tiny.make(folder, image_domain=None, seed=2, promoted=True)
    graphs = [one.graph for one in read_reports(load_engine("rules"), TEXTS)]
    reports = Set("gold", TEXTS, tuple(map(to_radgraph, TEXTS, graphs)))
    sets = [reports, family_set(1, names=["plain", "hedge", "removal"]), synthetic_set(number=3)]
    return folder, compare(load_engine(str(folder), unpromoted=True), sets, Lead)


def test_every_set_has_its_figures_of_each_reader(compared):
    figures = compared[1][Lead.NEVER]

    reports = [f"{name} {figure}" for name in ("gold", "synthetic") for figure in ("entity_f1", "relation_f1")]
    assert {*reports, "families right", "families unharmed"} <= set(figures)
    assert figures["gold entity_f1"].rules == figures["gold entity_f1"].both == 1.0
    assert figures["gold entity_f1"].model < 0.5, "random weights read nothing right"


def test_where_the_rules_lead_nothing_is_worse_than_they_are(compared):
    for one in compared[1][Lead.NEVER].values():
        assert one.both == one.rules
        assert one.less_better == Difference(0.0, 0.0, 0.0)
    assert worse(compared[1][Lead.NEVER]) == []


def test_where_random_weights_always_lead_it_is_and_the_rules_lead_is_the_best(compared):
    assert "gold entity_f1" in worse(compared[1][Lead.ALWAYS])
    assert best_lead({lead: compared[1][lead] for lead in (Lead.ALWAYS, Lead.NEVER)}) is Lead.NEVER
    assert best_lead({Lead.ALWAYS: compared[1][Lead.ALWAYS]}) is None


def test_of_leads_that_are_not_worse_the_greater_figures_win():
    def figure(both: float, high: float) -> dict[str, Figure]:
        return {"gold relation_f1": Figure(0.9, 0.8, both, Difference(both - 0.9, -0.1, high))}

    good = {Lead.NEVER: figure(0.90, 0.0), Lead.UNKNOWN_WORDS: figure(0.92, 0.1), Lead.ALWAYS: figure(0.99, -0.01)}

    assert best_lead(good) is Lead.UNKNOWN_WORDS


def test_the_table_has_a_row_for_each_figure(compared):
    lines = table(compared[1]).splitlines()

    assert lines[0] == "| figure | rules | model alone | never | unknown_words | always |"
    assert len(lines) == 2 + len(compared[1][Lead.NEVER])
    assert "| 1.000 (+0.000, +0.000 to +0.000) |" in lines[2]


def test_a_lead_is_written_into_the_manifest_and_ends_the_promotion(compared):
    folder, before = compared[0], verify(compared[0])
    assert is_promoted(before)

    write_lead(folder, Lead.UNKNOWN_WORDS)

    after = verify(folder)
    assert after.manifest == before.manifest.model_copy(update={"lead": Lead.UNKNOWN_WORDS})
    assert after.digest != before.digest
    (folder / "promotion.json").unlink()


def test_a_small_sample_of_a_family_is_spread_and_always_the_same():
    few = spread("plain", 3, 5)
    places = [families()["plain"].index(one.drawing.template) for one in few]

    assert places == sorted(set(places))
    assert places[-1] > len(families()["plain"]) // 2
    assert [one.text for one in few] == [one.text for one in spread("plain", 3, 5)]
    many = spread("plain", 2 * len(families()["plain"]), 5)
    assert len({one.drawing.template.name for one in many}) == len(families()["plain"])


def test_the_command_names_a_gold_file_that_is_there(tmp_path):
    folder = tiny.make(tmp_path / "tiny", image_domain=None).folder
    (tmp_path / "gold.json").write_text("{}")
    with pytest.raises(UsageError, match="has no reports"):
        CliRunner().invoke(
            vlmkg, ["train", "lead", str(folder), "--gold", str(tmp_path / "gold.json")], catch_exceptions=False
        )
