"""What happens to sentences on their way: the graph goes with the words."""

from random import Random

from training.synthetic import noise
from training.synthetic.expand import Draft, Piece
from vlmkg.schema import RelationType


def left_lower_lobe_scar():
    words = ["scar", "in", "the", "left", "lower", "lobe"]
    mentions = {0: 0, 3: 1, 4: 2, 5: 3}
    edges = [(1, RelationType.MODIFY, 3), (2, RelationType.MODIFY, 3), (0, RelationType.LOCATED_AT, 3)]
    return Draft([Piece(word, mentions.get(at)) for at, word in enumerate(words)], ["P", "A", "A", "A"], edges)


def test_a_hole_at_a_head_makes_the_word_before_it_the_head():
    draft = left_lower_lobe_scar()

    noise.swallow(draft, draft.pieces[5])

    assert draft.pieces[5].text == "XXXX"
    assert draft.pieces[5].mention is None
    assert set(draft.edges) == {(1, RelationType.MODIFY, 2), (0, RelationType.LOCATED_AT, 2)}


def test_a_hole_at_a_describing_word_takes_its_edges_away():
    draft = left_lower_lobe_scar()

    noise.swallow(draft, draft.pieces[3])

    assert set(draft.edges) == {(2, RelationType.MODIFY, 3), (0, RelationType.LOCATED_AT, 3)}


def test_words_that_deny_or_hedge_are_never_holes():
    turning = {"no", "not", "without", "may", "possible", "resolved", "removed", "cannot", "versus", "free"}

    assert not turning & noise.MAY_BE_HOLED


def test_pseudo_words_leave_labels_and_edges_as_they_are():
    draft = left_lower_lobe_scar()
    before = (list(draft.labels), list(draft.edges), [piece.mention for piece in draft.pieces])

    noise.pseudo_words(draft, Random(2), 1.0)

    assert (draft.labels, draft.edges, [piece.mention for piece in draft.pieces]) == before
    assert {piece.text for piece in draft.pieces if piece.mention is not None}.isdisjoint({"scar", "left", "lobe"})


def test_a_slip_of_the_keyboard_changes_one_word_a_little():
    draft = Draft([Piece("effusion", 0)], ["P"], [])

    noise.misspell(draft, Random(0), 1.0)

    assert draft.pieces[0].text != "effusion"
    assert abs(len(draft.pieces[0].text) - len("effusion")) <= 1
