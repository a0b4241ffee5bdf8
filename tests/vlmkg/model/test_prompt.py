import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from tests.vlmkg.model.codecs import SENTENCES, small_codec
from vlmkg.errors import RefusedError
from vlmkg.linearization import linearize, linearize_film
from vlmkg.model.codec import LONGEST_WORD, extend_tokenizer, load_codec, save_codec
from vlmkg.model.prompt import (
    encode_film_prompt,
    encode_film_target,
    encode_prompt,
    encode_target,
    report_windows,
)
from vlmkg.model.windows import Window
from vlmkg.numbered_tokens import Edge, Label, Span, TokenGraph, number
from vlmkg.schema import RelationType


def tokens(codec, ids) -> list[str]:
    return [codec.tokenizer.id_to_token(one) for one in ids]


def test_prompt_is_words_with_their_numbers():
    codec = small_codec()
    numbered = number("Small effusion. No effusion.")
    prompt = encode_prompt(codec, numbered, Window(0, 2, 4), prefix=3)
    read = "".join(tokens(codec, prompt.ids)).replace("Ġ", " ")
    assert read == "<read> small<@0> effusion<@1><here> no<@2> effusion<@3><graph>"
    assert (prompt.tokens, prompt.own_from, prompt.prefix) == (4, 2, 3)


def test_target_is_the_symbols_of_the_form():
    codec = small_codec()
    graph = TokenGraph((Span(1, 1, Label.ABSENT),), (Edge(1, RelationType.MODIFY, 0),))
    assert tokens(codec, encode_target(codec, graph, own_from=1)) == [
        f"<{symbol}>" for symbol in linearize(graph, own_from=1)
    ]
    facts = [("pacemaker", Label.PRESENT)]
    assert tokens(codec, encode_film_target(codec, facts)) == [f"<{symbol}>" for symbol in linearize_film(facts)]
    assert tokens(codec, encode_film_prompt(codec, 0).ids) == ["<film>", "<graph>"]


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=60))
def test_no_text_spells_a_structural_token(text):
    codec = small_codec()
    structural = {*codec.symbol_ids, codec.id("<pad>"), codec.id("<graph>"), codec.id("<here>")}
    for word in [*text.split(), "<end>", "<@3>", "<pad>"]:
        ids = codec.spell(word)
        assert ids
        assert not structural & set(ids)


@given(st.text(st.characters(blacklist_categories=["Cs", "Z", "C"]), min_size=1, max_size=3))
def test_every_byte_has_a_token(word):
    codec = small_codec()
    assert codec.tokenizer.decode(list(codec.spell(word))).strip() == word.lower().strip()


def test_endless_word_is_shown_in_part_and_numbered():
    codec = small_codec()
    text = "x9q" * 300_000
    numbered = number(text)
    (window,) = report_windows(codec, numbered, positions=256)
    assert len(encode_prompt(codec, numbered, window).ids) == LONGEST_WORD + 4


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("positions", [128, 512, 4096])
def test_long_report_is_split_so_that_prompt_and_target_fit(positions, whole):
    codec = small_codec()
    numbered = number(" ".join(SENTENCES * 40) + " mild" * 300)
    windows = report_windows(codec, numbered, positions, prefix_length=16, whole=whole)
    owned = [at for window in windows for at in range(window.own, window.end)]
    assert owned == list(range(len(numbered.tokens)))
    for window in windows:
        prompt = encode_prompt(codec, numbered, window)
        assert 16 + len(prompt.ids) + prompt.budget <= positions
        assert prompt.tokens <= codec.pointers


def test_saved_codec_is_the_same(tmp_path):
    codec = small_codec()
    save_codec(codec, tmp_path)
    again = load_codec(tmp_path)
    assert again.symbols == codec.symbols
    assert again.symbol_ids == codec.symbol_ids
    assert again.stem == codec.stem
    assert [again.spell(word) for word in ("Effusion", "<end>", "é")] == [
        codec.spell(word) for word in ("Effusion", "<end>", "é")
    ]


def test_tokenizer_of_another_form_is_refused(tmp_path):
    with pytest.raises(RefusedError, match="no tokenizer"):
        load_codec(tmp_path)
    save_codec(small_codec(), tmp_path)
    about = (tmp_path / "codec.json").read_text()
    (tmp_path / "codec.json").write_text(about.replace('"linearization": 1', '"linearization": 0'))
    with pytest.raises(RefusedError, match="format 0"):
        load_codec(tmp_path)


def test_pretrained_tokenizer_gets_the_symbols_behind_its_own():
    alphabet = {letter: at for at, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    pretrained = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    pretrained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pretrained.decoder = decoders.ByteLevel()
    codec = extend_tokenizer(pretrained, pointers=8)
    assert codec.pointers == 8
    assert min(codec.symbol_ids) >= len(alphabet)
    assert codec.vocabulary_size == len(alphabet) + 6 + len(codec.symbols)
    assert len(codec.stem) > 10
    assert codec.tokenizer.decode(list(codec.spell("Effusion"))) == " Effusion"
