"""The text witness: blocks hold every word once, tags say what graphs say, and it reads alone as in a batch."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vlmkg.graphs import graph
from tests.vlmkg.text_witness import tiny
from vlmkg.errors import RefusedError
from vlmkg.reading.tokens import tokenize
from vlmkg.schema import ReportGraph
from vlmkg.text_witness.blocks import MOST, Pieces
from vlmkg.text_witness.reading import read_words
from vlmkg.text_witness.store import load_witness
from vlmkg.text_witness.tags import ANATOMY, OUTSIDE, TAGS, labels_of, tags_of

SENTENCE = "Small left pleural effusion. "
TEXTS = st.text(alphabet=st.sampled_from([*"abcNo .,;:\n-4β"]), max_size=400)


@given(TEXTS)
@settings(max_examples=100)
def test_blocks_hold_each_word_once_in_order_and_never_too_much(text):
    blocks = list(Pieces(tiny.tokenizer()).blocks(text))

    assert [word for block in blocks for word in block.words] == tokenize(text)
    assert all(block.length <= MOST + 2 for block in blocks)
    for block in blocks:
        assert list(block.firsts) == sorted(set(block.firsts))
        assert block.firsts[-1] < block.length - 1


def test_a_long_text_is_cut_after_a_sentence():
    blocks = list(Pieces(tiny.tokenizer()).blocks(SENTENCE * 60))

    assert len(blocks) > 1
    assert all(block.words[-1].text == "." for block in blocks)


def test_a_line_break_is_a_separator():
    pieces, separator = Pieces(tiny.tokenizer()), tiny.tokenizer().token_to_id("[SEP]")

    (one_line,), (two_lines,) = pieces.blocks("no effusion"), pieces.blocks("no\neffusion")
    assert [one for one in two_lines.ids if one != separator] == [one for one in one_line.ids if one != separator]
    assert two_lines.ids.count(separator) == one_line.ids.count(separator) + 1


def test_tags_name_kind_presence_and_part():
    text, found = graph("no small/N left/A pleural/A free_air/N or mass/U", "small modify free_air")

    tags = tags_of(tuple(tokenize(text)), found)
    assert tags[0] == OUTSIDE
    assert tags[2:4] == [ANATOMY, ANATOMY]
    assert tags[5] == tags[4] + 1  # a later word of the same mention
    assert len({tags[1], tags[4], tags[7]}) == 3  # describes and is absent; a finding and absent; a finding in doubt


def test_labels_give_back_what_the_tags_say():
    text, found = graph("no small/N left/A pleural/A free_air/N or mass/U thing/P", "small modify free_air")
    words = tuple(tokenize(text))
    chances = np.full((len(words), TAGS), 1e-6)
    for at, tag in enumerate(tags_of(words, found)):
        chances[at, tag] = 1

    labels = labels_of(words, np.log(chances))
    assert [(one.start, one.end) for one in labels] == [(word.start, word.end) for word in words]
    named = ["".join(letter for letter, value in zip("APUN", row[2:6], strict=True) if value > 0.99) for row in labels]
    assert named == ["", "N", "A", "A", "N", "N", "", "U", "P"]
    assert [round(one.finding) for one in labels] == [0, 0, 0, 0, 1, 1, 0, 1, 1]
    assert [round(one.begins) for one in labels] == [0, 1, 1, 1, 1, 0, 0, 1, 1]


def test_a_text_is_read_alone_as_in_a_batch(tmp_path):
    witness = load_witness(tiny.write(tmp_path / "witness"))
    texts = ["No effusion.", "", SENTENCE * 60, "The heart is small;\nno left effusion"]

    together = read_words(witness, texts)
    assert [[(one.start, one.end) for one in row] for row in together] == [
        [(one.start, one.end) for one in tokenize(text)] for text in texts
    ]
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_allclose(np.array(read_words(witness, [text])[0]), np.array(row), atol=1e-5)
    assert all(0 <= value <= 1.0001 for row in together for one in row for value in one[2:])


def test_a_stored_witness_has_half_precision_and_reads_in_float32(tmp_path):
    folder = tiny.write(tmp_path / "witness")

    network = load_witness(folder).network
    assert {one.dtype for one in network.parameters()} == {torch.float32}
    size = sum(one.numel() for one in network.parameters())
    assert (folder / "model.safetensors").stat().st_size < 2 * size + 10_000


@pytest.mark.parametrize("change", [{"form": 99}, {"tags": 3}])
def test_another_form_is_refused(tmp_path, change):
    folder = tiny.write(tmp_path / "witness")
    about = json.loads((folder / "witness.json").read_text())
    (folder / "witness.json").write_text(json.dumps({**about, **change}))

    with pytest.raises(RefusedError):
        load_witness(folder)


def test_a_folder_without_a_witness_is_refused(tmp_path):
    with pytest.raises(RefusedError):
        load_witness(tmp_path)


def test_an_empty_graph_has_no_tags():
    assert tags_of(tuple(tokenize("no effusion")), ReportGraph()) == [OUTSIDE, OUTSIDE]
