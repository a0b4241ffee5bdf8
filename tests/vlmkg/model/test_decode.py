import pytest
import torch
from torch.nn import functional

from tests.vlmkg.model.codecs import SENTENCES, small_codec
from tests.vlmkg.model.language_models import graph_of, slow_decode, small_model
from vlmkg import validation
from vlmkg.errors import RefusedError
from vlmkg.linearization import linearize
from vlmkg.model import prompt
from vlmkg.model.codec import train_codec
from vlmkg.model.decoding.decode import decode
from vlmkg.model.decoding.head import check_language_model
from vlmkg.model.decoding.reports import read_films, read_reports
from vlmkg.model.prompt import encode_film_prompt, encode_prompt, report_windows
from vlmkg.numbered_tokens import Edge, Label, Span, TokenGraph, number
from vlmkg.schema import RelationType, Witness

TEXTS = [
    "FINDINGS: There is a small left pleural effusion. No pneumothorax. It is unchanged. IMPRESSION: Effusion.",
    "Heart size is normal. No effusion or mass, with mild opacity in the left base. This may represent pneumonia.",
    "Clear.",
    "",
    " ".join(SENTENCES),
]


def prompts_of(texts, prefix=None, positions=1024):
    codec = small_codec()
    numbered = [number(text) for text in texts]
    return [encode_prompt(codec, one, w, prefix) for one in numbered for w in report_windows(codec, one, positions)]


def prefixes(count: int, length: int = 5):
    torch.manual_seed(1)
    return [torch.randn(length + at, 32) for at in range(count)]


@pytest.mark.parametrize(("rows", "llama"), [(1, False), (3, True), (64, False)])
def test_decoding_is_what_the_slow_twin_writes(llama, rows):
    model, codec, films = small_model(llama=llama), small_codec(), prefixes(3)
    prompts = [
        *prompts_of(TEXTS[:2]),
        encode_film_prompt(codec, 1),
        *prompts_of(TEXTS[2:], prefix=0),
        encode_film_prompt(codec, 2),
    ]
    found = decode(model, codec, prompts, films, rows=rows)
    slow = slow_decode(model, codec, prompts, films)
    assert any(not one.truncated for one in found)
    for one, symbols, read in zip(found, slow, prompts, strict=True):
        assert one.truncated == (len(symbols) > read.budget - 4)
        if not one.truncated:
            expected = graph_of(symbols, read)
            assert one.graph == expected if read.tokens else tuple(fact[:2] for fact in one.film) == expected


def test_reports_come_back_as_valid_graphs_of_their_texts():
    model, codec = small_model(), small_codec()
    found = read_reports(model, codec, TEXTS, prefixes(1), [None, 0, None, None, 0], rows=5)
    assert len(found) == len(TEXTS)
    assert found[3].graph.mentions == ()
    for text, reading in zip(TEXTS, found, strict=True):
        valid, rejections = validation.validate(text, reading.graph)
        assert rejections == []
        assert valid == reading.graph
        assert all(fact.witness is Witness.MODEL for fact in (*valid.mentions, *valid.relations))
        assert all(0 < fact.score <= 1 for fact in (*valid.mentions, *valid.relations))
    assert sum(len(reading.graph.mentions) for reading in found) > 5


def test_whole_report_in_one_window_or_split_is_read_to_its_end():
    model, codec = small_model(), small_codec()
    text = " ".join(SENTENCES * 20)
    for whole in (False, True):
        (reading,) = read_reports(model, codec, [text], whole=whole)
        assert validation.validate(text, reading.graph)[1] == []
    assert len(report_windows(codec, number(text), 1024, whole=True)) > 1


def test_attention_that_comes_back_in_another_memory_order_reads_the_same(monkeypatch):
    """As a GPU's kernels give it: heads next to each other in memory, not positions."""
    model, codec = small_model(), small_codec()
    expected = read_reports(model, codec, TEXTS)
    attention = functional.scaled_dot_product_attention

    def turned(*arguments, **options):
        return attention(*arguments, **options).transpose(1, 2).contiguous().transpose(1, 2)

    monkeypatch.setattr(functional, "scaled_dot_product_attention", turned)
    assert [one.graph for one in read_reports(model, codec, TEXTS)] == [one.graph for one in expected]


def test_batch_of_one_and_of_32_agree():
    """At least 99.9 % of facts; here, in single precision on one device, all."""
    model, codec = small_model(seed=3), small_codec()
    texts = [f"{a} {b}" for a in SENTENCES[:2] for b in SENTENCES] * 4
    together = [reading.graph for reading in read_reports(model, codec, texts, rows=32)]
    alone = [reading.graph for reading in read_reports(model, codec, texts[:8], rows=1)] * 4
    facts = [
        {*((m.start, m.end, m.kind, m.presence) for m in graph.mentions)}
        | {(graph.mentions[r.head].start, r.type, graph.mentions[r.tail].start) for r in graph.relations}
        for graph in (*together, *alone)
    ]
    same = sum(len(a & b) for a, b in zip(facts[:32], facts[32:], strict=True))
    every = sum(len(a | b) for a, b in zip(facts[:32], facts[32:], strict=True))
    assert every > 300
    assert same >= 0.999 * every


def test_films_are_read_each_by_its_own_prefix():
    model, codec = small_model(), small_codec()
    films = prefixes(4)
    together = read_films(model, codec, films)
    facts = [[fact[:2] for fact in one.film] for one in together]
    assert facts == [[fact[:2] for fact in read_films(model, codec, [film])[0].film] for film in films]
    assert facts[0] != facts[1]


def target_of(own):
    spans = (Span(own, own + 1, Label.ABSENT), Span(own + 2, own + 2, Label.PRESENT))
    edges = [Edge(own, RelationType.MODIFY, own + 2)]
    return linearize(TokenGraph(spans, tuple(edges)), own)


def test_followed_graph_is_scored_as_the_model_would_score_it():
    model, codec = small_model(), small_codec()
    prompts = prompts_of([SENTENCES[0] + " " + SENTENCES[2]])
    targets = [target_of(read.own_from) for read in prompts]
    scored = decode(model, codec, prompts, follow=targets)
    ids = [codec.symbol_ids[codec.index[symbol]] for symbol in targets[0]]
    width = max(read.tokens for read in prompts)
    pointers, symbols = list(codec.symbol_ids[:width]), list(codec.symbol_ids[codec.pointers :])
    labels, relations, to, end = symbols[:4], symbols[4:7], symbols[7], symbols[9]
    tokens = prompts[0].tokens
    # What the form allows at each step of the first window, written out by hand.
    options = [
        [*pointers[:tokens], end],
        [*labels, to],
        pointers[1:tokens],
        labels,
        [*pointers[2:tokens], *relations, end],
        pointers[2:tokens],
        [pointers[2], *relations],
        [*labels[1:], to],
    ]
    assert scored[0].graph.edges == (Edge(0, RelationType.MODIFY, 2),)
    probabilities = []
    for step, allowed_ids in enumerate(options):
        logits = model(torch.tensor([[*prompts[0].ids, *ids[:step]]])).logits[0, -1]
        probabilities.append(torch.log_softmax(logits[allowed_ids], 0)[allowed_ids.index(ids[step])].item())
    logs = torch.tensor(probabilities)
    assert scored[0].span_scores == pytest.approx([logs[:4].mean().exp().item(), logs[6:8].mean().exp().item()], 1e-4)
    assert scored[0].edge_scores == pytest.approx([logs[4:6].mean().exp().item()], 1e-4)


def test_graph_that_is_not_allowed_cannot_be_followed():
    model, codec = small_model(), small_codec()
    prompts = prompts_of(["Small effusion."])
    with pytest.raises(ValueError, match="not allowed"):
        decode(model, codec, prompts, follow=[("@0", "A", "suggestive_of", "@1", "@1", "P", "end")])


def test_spent_budget_is_told(monkeypatch):
    monkeypatch.setattr(prompt, "SYMBOLS_A_TOKEN", 0)
    monkeypatch.setattr(prompt, "SPARE_SYMBOLS", 9)
    readings = read_reports(small_model(), small_codec(), TEXTS)
    assert [reading.truncated for reading in readings[:2]] == [True, True]
    assert readings[0].graph.mentions
    assert not readings[3].truncated
    for text, reading in zip(TEXTS, readings, strict=True):
        assert validation.validate(text, reading.graph)[1] == []


def test_language_model_that_would_be_misread_is_refused():
    codec = small_codec()
    for llama in (False, True):
        check_language_model(small_model(llama=llama), codec)
    with pytest.raises(RefusedError, match="its tokenizer"):
        check_language_model(small_model(), train_codec(SENTENCES, vocabulary=1000, pointers=600))
    from transformers import Gemma2Config, Gemma2ForCausalLM

    from tests.vlmkg.model.language_models import SHAPE

    capped = Gemma2ForCausalLM(Gemma2Config(vocab_size=codec.vocabulary_size, final_logit_softcapping=0.1, **SHAPE))
    with pytest.raises(RefusedError):
        check_language_model(capped, codec)
