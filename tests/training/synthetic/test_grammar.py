"""The grammar's language, and drafts written by it."""

from random import Random

import pytest

from training.synthetic.expand import write
from training.synthetic.grammar import Symbol, grammar, parse_production
from training.synthetic.surface import Part, full_stop, render, spaced
from vlmkg.schema import RelationType
from vlmkg.validation import validate


def one(line):
    weight, production = parse_production(line)
    return Symbol((production,), (weight,))


def written(line, **symbols):
    return write({"top": one(line), **{name: one(text) for name, text in symbols.items()}}, "top", Random(0))


def test_a_line_writes_its_words_mentions_and_relations():
    draft = written("no {-f:f} in the left/A:s lung/A:l ; s>l f@l", f="small/O:d effusion/O:h ; d>h")

    assert [piece.text for piece in draft.pieces] == ["no", "small", "effusion", "in", "the", "left", "lung"]
    assert draft.labels == ["N", "N", "A", "A"]
    assert set(draft.edges) == {
        (0, RelationType.MODIFY, 1),
        (2, RelationType.MODIFY, 3),
        (1, RelationType.LOCATED_AT, 3),
    }


def test_a_presence_asked_for_inside_wins_over_one_asked_for_outside():
    draft = written("{-f}", f="nodule/O {~g} {+g} film/P", g="scar/O")

    assert draft.labels == ["N", "U", "P", "P"]


def test_relations_join_all_mentions_of_both_variables():
    draft = written("{p:f} in the base/A:l ; f@l", p="scar/O:h or fluid/O:h")

    assert set(draft.edges) == {(0, RelationType.LOCATED_AT, 2), (1, RelationType.LOCATED_AT, 2)}


def test_groups_inside_a_span_give_every_combination():
    _, production = parse_production("(4|5)_(mm|cm)/O:h")

    assert production.parts[0].choices == ("4 mm", "4 cm", "5 mm", "5 cm")


@pytest.mark.parametrize("line", ["a/O:f ; f@l", "word/O:h = k", "(open/O:h", "a/O:h b/O:k ; h?k"])
def test_a_wrong_line_is_an_error(line):
    with pytest.raises(ValueError, match=r"called|bracket|relation|defining"):
        parse_production(line)


def test_bound_symbols_stand_for_those_of_the_same_name():
    symbols = {"top": one("{side:h} lung/A"), "side": one("left/A:h")}

    draft = write(symbols, "top", Random(0), {"side": one("right/A:h")})

    assert draft.pieces[0].text == "right"


@pytest.mark.parametrize("symbol", ["said", "other", "fact_present", "fact_absent", "fact_hedged", "denied"])
def test_every_sentence_has_a_valid_graph(symbol):
    rng = Random(3)
    for _ in range(400):
        draft = full_stop(write(grammar(), symbol, rng))
        text, graph = render([Part("", "findings", [draft])], rng)
        kept, rejections = validate(text, graph)
        assert not rejections, text
        assert kept.mentions == graph.mentions


def test_what_is_denied_is_never_present():
    rng = Random(5)
    for _ in range(300):
        draft = write(grammar(), "fact_absent", rng)
        assert set(draft.labels) <= {"A", "N"}, [piece.text for piece in draft.pieces]


def test_tokens_joined_by_blanks_keep_the_same_mentions():
    draft = full_stop(written("C-spine/A:l x-ray , (1.2_cm)/O:h / nodule/O:k ; h>k k@l"))
    text, graph = render([Part("", "findings", [draft])], Random(1))

    joined, moved = spaced(text, graph)

    assert joined.lower() == "c - spine x - ray , 1 . 2 cm / nodule ."
    assert [one.text.lower() for one in moved.mentions] == ["c - spine", "1 . 2 cm", "nodule"]
    assert moved.relations == graph.relations
