from ingest.projection.differences import Totals, differences
from tests.vlmkg.graphs import read


def test_facts_gained_lost_and_changed() -> None:
    before = read("no pneumothorax/N small/P left/A effusion/P", "small modify effusion; effusion located_at left")
    after = read("no pneumothorax/P small/P left effusion/U", "small modify effusion")
    found = differences({"r": before}, {"r": after})

    assert found.gained == ()
    assert [(one.source, one.before, one.after) for one in found.lost] == [
        ("r", "left", None),
        ("r", "effusion located_at left", None),
    ]
    assert [one.after for one in found.changed] == [
        "pneumothorax: present (pneumothorax)",
        "effusion: uncertain (pleural effusion, mild)",
    ]
    assert found.turned == 1


def test_the_other_way_round_what_was_lost_is_gained() -> None:
    one, other = read("small/P effusion/P", "small modify effusion"), read("small effusion/P")
    there, back = differences({"r": one}, {"r": other}), differences({"r": other}, {"r": one})
    assert [(c.before, c.after) for c in there.lost] == [(c.after, c.before) for c in back.gained]
    assert (len(there.lost), len(back.gained), len(there.changed)) == (2, 2, 1)


def test_the_same_is_no_difference() -> None:
    one = read("no effusion/N")
    totals = Totals()
    totals.add(differences({"r": one}, {"r": one}))
    totals.add(differences({"r": one}, {"r": read("no effusion/P")}))
    assert (totals.studies, totals.differing, totals.changed, totals.turned) == (2, 1, 1, 1)
