"""The project's figures are those of the reference scorer, and of hand-made cases."""

import json
import random
import subprocess
import sys
from collections import Counter

import pytest

from training.documents import LABELS, read_document
from training.evaluation import evaluate
from training.metrics import count
from vlmkg.schema import RelationType


def report(text: str, *entities: tuple[str, str], relations: tuple[tuple[int, str, int], ...] = ()) -> dict:
    """A RadGraph entry; each entity is (words, label), found at the words' next place in the text."""
    tokens, at, made = text.split(), 0, {}
    for number, (words, label) in enumerate(entities):
        length = len(words.split())
        at = next(i for i in range(at, len(tokens)) if tokens[i : i + length] == words.split())
        made[str(number)] = {
            "tokens": words,
            "label": label,
            "start_ix": at,
            "end_ix": at + length - 1,
            "relations": [],
        }
        at += length
    for head, kind, tail in relations:
        made[str(head)]["relations"].append([kind, str(tail)])
    return {"text": text, "entities": made}


GOLD = {
    "a": report("no large pleural effusion", ("large", "OBS-DA"), ("pleural", "ANAT-DP"), ("effusion", "OBS-DA"),
                relations=((0, "modify", 2), (2, "located_at", 1))),
    "b": report("possible scar", ("scar", "OBS-U")),
}  # fmt: skip


def test_gold_against_itself_is_perfect():
    result = evaluate(GOLD, GOLD)
    whole = ("entity", "relation", "triplet", "presence", "loose")
    assert [result.scores[name].f1 for name in whole] == [1.0] * 5
    assert (result.scores["entity"].low, result.scores["entity"].high) == (1.0, 1.0)
    assert result.presence_accuracy == {"mean": 2 / 3, "OBS-DP": 0.0, "OBS-U": 1.0, "OBS-DA": 1.0}
    assert (result.hallucination_rate, result.invalid_rate, result.invalid) == (0.0, 0.0, {})
    assert result.paper_form["prediction"].bleu_4 == pytest.approx(100)
    assert result.paper_form["prediction"].rouge_l == pytest.approx(50)  # report b has no triplet to say


def test_a_missing_report_counts_as_empty_and_an_unknown_one_as_invalid():
    result = evaluate(GOLD, {"a": GOLD["a"], "c": GOLD["b"]})
    assert result.scores["entity"].recall == 3 / 4
    assert result.invalid == {"reports not in gold": 1}


def test_a_wrong_presence_is_seen_by_all_but_the_triplets():
    wrong = json.loads(json.dumps(GOLD))
    for entity in wrong["a"]["entities"].values():
        entity["label"] = entity["label"].replace("OBS-DA", "OBS-DP")
    result = evaluate(GOLD, wrong)
    f1 = {name: result.scores[name].f1 for name in ("entity", "relation", "triplet", "presence", "loose")}
    assert f1 == {"entity": 0.5, "relation": 0.0, "triplet": 1.0, "presence": pytest.approx(1 / 3), "loose": 1.0}
    assert result.presence_accuracy["OBS-DA"] == 0.0
    assert result.hallucination_rate == 1.0  # an effusion that the report denies


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"label": "OBS-X"}, "unknown label"),
        ({"label": None}, "unknown label"),
        ({"start_ix": "2"}, "malformed entity"),
        ({"end_ix": 9}, "span out of range"),
        ({"start_ix": 2, "end_ix": 2}, "overlapping entities"),
        ({"relations": [["because", "1"]]}, "unknown relation type"),
        ({"relations": [["modify", "2"]]}, "self loop"),
        ({"relations": [["modify", "1"]]}, "forbidden type pair"),
        ({"relations": [["located_at", "1"], ["located_at", "1"]]}, "duplicate relation"),
        ({"relations": [["located_at", "7"]]}, "relation to an unknown or invalid entity"),
    ],
)
def test_what_is_invalid_is_counted_by_kind_and_left_out(change, kind):
    wrong = json.loads(json.dumps(GOLD))
    wrong["a"]["entities"]["2"] |= change
    assert evaluate(GOLD, wrong).invalid[kind] == 1


def test_other_tokens_than_gold_are_invalid():
    other = {"a": {**GOLD["a"], "text": "no large pleural effusions"}, "b": GOLD["b"]}
    assert evaluate(GOLD, other).invalid == {"other tokens than gold": 1}


def test_labels_of_radgraph_xl_are_read():
    xl = json.loads(json.dumps(GOLD))
    names = {"OBS-DA": "Observation::definitely absent", "ANAT-DP": "Anatomy::definitely present",
             "OBS-U": "Observation::uncertain"}  # fmt: skip
    for doc in xl.values():
        for entity in doc["entities"].values():
            entity["label"] = names[entity["label"]]
    assert evaluate(GOLD, xl).scores["relation"].f1 == 1.0


def damaged(gold: dict, seed: int) -> dict:
    """Gold with entities and relations dropped, relabelled, moved and invented, also against the schema."""
    rng = random.Random(seed)
    out = json.loads(json.dumps(gold))
    for doc in out.values():
        length = len(doc["text"].split())
        for key, entity in list(doc["entities"].items()):
            fate = rng.random()
            if fate < 0.1:
                del doc["entities"][key]
            elif fate < 0.2:
                entity["label"] = rng.choice([*LABELS, "NONE"])
            elif fate < 0.3:
                entity["end_ix"] = min(entity["end_ix"] + rng.randrange(2), length)
            if rng.random() < 0.2:
                other = rng.choice(list(doc["entities"]) or ["0"])
                entity["relations"].append([rng.choice([*RelationType, "near"]), other])
    if rng.random() < 0.5:
        out.pop(next(iter(out)))
    return out


def test_figures_equal_the_reference_scorer(shared_data, tmp_path):
    gold = json.loads((shared_data / "gold" / "dev.json").read_text())
    (tmp_path / "a.json").write_text(json.dumps(damaged(gold, 1)))
    (tmp_path / "b.json").write_text(json.dumps(damaged(gold, 2)))
    script = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import score_radgraph as s\n"
        "g, a, b = (json.load(open(p)) for p in sys.argv[2:])\n"
        "res, invalid, _, rows = s.score(g, a); other = s.score(g, b)[3]; draws = s.resample(len(rows)); out = {}\n"
        "for n in ('entity', 'relation', 'presence'):\n"
        "    f = lambda r, x: s.f1(s.total([r[i] for i in x], n))\n"
        "    d = sorted(f(rows, x) - f(other, x) for x in draws); every = range(len(rows))\n"
        "    out[n] = [f(rows, every) - f(other, every), d[25], d[-26]]\n"
        "print(json.dumps([res, invalid, out]))"
    )
    tools = shared_data.parent / "tools"
    files = [shared_data / "gold" / "dev.json", tmp_path / "a.json", tmp_path / "b.json"]
    done = subprocess.run([sys.executable, "-c", script, tools, *files], capture_output=True, check=True, text=True)
    wanted, invalid, differences = json.loads(done.stdout)
    predicted, other = (json.loads(path.read_text()) for path in files[1:])
    result = evaluate(gold, predicted, other)
    for name, score in result.scores.items():
        figures = (score.precision, score.recall, score.f1, score.gold, score.predicted)
        keys = ("precision", "recall", "f1", "gold", "predicted")
        assert figures == pytest.approx(tuple(wanted[name][key] for key in keys)), name
        if ":" not in name:
            assert (score.low, score.high) == pytest.approx((wanted[name]["low"], wanted[name]["high"])), name
    assert result.presence_accuracy == pytest.approx(wanted["presence accuracy"])
    assert result.invalid == invalid
    for name, (difference, low, high) in differences.items():
        found = result.against[name]
        assert (found.difference, found.low, found.high) == pytest.approx((difference, low, high)), name


def test_loose_matches_one_to_one():
    text = "old scar base"
    gold = report(text, ("old", "OBS-DP"), ("scar", "OBS-DP"), ("base", "ANAT-DP"), relations=((0, "modify", 1),))
    both = report(text, ("old", "OBS-DP"), ("scar", "OBS-DP"), relations=((0, "modify", 1), (1, "modify", 0)))
    tokens = tuple(text.split())
    documents = [read_document(doc, tokens, Counter()) for doc in (gold, both)]
    assert count(*documents)["loose"] == (1, 2, 1)
