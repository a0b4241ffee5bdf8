"""The comparison of two source trees' readings finds each kind of change."""

from benchmarks.reading_changes import NOT_READ, Reading, changes, kind_of, read_with
from benchmarks.source_trees import ROOT

TEXTS = {"r": "FINDINGS: Small left pleural effusion. No pneumothorax."}


def read() -> Reading:
    return read_with(ROOT, TEXTS)


def test_a_tree_reads_as_itself_and_its_facts_are_of_every_kind() -> None:
    reading = read()
    assert changes(TEXTS, reading, reading) == []
    assert {what for what, _, _ in reading["r"]} == {
        "mention", "relation modify", "relation located_at", "concept", "finding", "side", "severity"
    }  # fmt: skip


def test_each_changed_lost_and_gained_fact_is_one_change() -> None:
    after = read()
    for number, (what, spans, value) in enumerate(after["r"]):
        before = {"r": [fact for at, fact in enumerate(after["r"]) if at != number]}
        (gained,) = changes(TEXTS, before, after)
        (lost,) = changes(TEXTS, after, before)
        assert (gained.what, gained.before, gained.after) == (what, NOT_READ, value)
        assert (lost.before, lost.after) == (value, NOT_READ)
        assert gained.words.split(" -> ")[0] == TEXTS["r"][spans[0] : spans[1]]
        before["r"].append((what, spans, "another"))
        (changed,) = changes(TEXTS, before, after)
        assert (changed.before, changed.after) == ("another", value)
        assert len({kind_of(one) for one in (gained, lost, changed)}) == 3


def test_a_change_shows_its_sentence() -> None:
    after = read()
    denied = next(fact for fact in after["r"] if fact[2] == "absent")
    before = {"r": [(*denied[:2], "present") if fact == denied else fact for fact in after["r"]]}
    (change,) = changes(TEXTS, before, after)
    assert change.sentence == "No pneumothorax"
    assert kind_of(change) == "mention: present -> absent"
