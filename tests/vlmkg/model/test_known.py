"""Windows that are read once for all: what comes out is what reading each of them gives."""

from random import Random

import pytest

from tests.vlmkg.model.codecs import SENTENCES, small_codec
from tests.vlmkg.model.language_models import small_model
from vlmkg.model.decoding import decode as decoding
from vlmkg.model.decoding import window_cache as knowing
from vlmkg.model.decoding.decode import decode
from vlmkg.model.decoding.window_cache import KnownWindows, plan
from vlmkg.model.prompt import encode_film_prompt, encode_prompt, report_windows
from vlmkg.numbered_tokens import number


def prompts_of(reports):
    codec = small_codec()
    numbered = [number(" ".join(report)) for report in reports]
    return [encode_prompt(codec, one, window) for one in numbered for window in report_windows(codec, one, 1024)]


def reports(seed, count):
    rng = Random(seed)
    return [rng.choices(SENTENCES[:5], k=rng.randint(1, 6)) for _ in range(count)]


def each(prompts, rows, monkeypatch):
    """What comes out when nothing is shared."""
    with monkeypatch.context() as patch:
        patch.setattr(decoding, "plan", lambda prompts, known, **_: knowing.plan(prompts, None, all_of_them=True))
        return decode(small_model(), small_codec(), prompts, rows=rows)


def close(one, other):
    assert (one.graph, one.truncated, one.film) == (other.graph, other.truncated, other.film)
    assert one.span_scores == pytest.approx(other.span_scores, abs=1e-4)
    assert one.edge_scores == pytest.approx(other.edge_scores, abs=1e-4)


@pytest.mark.parametrize(("seed", "rows"), [(0, 1), (1, 3), (2, 64)])
def test_windows_that_are_alike_are_read_once_and_come_out_the_same(seed, rows, monkeypatch):
    prompts = prompts_of(reports(seed, 12))

    found = decode(small_model(), small_codec(), prompts, rows=rows)

    assert len(plan(prompts, None).read) < len(prompts)
    for one, other in zip(found, each(prompts, rows, monkeypatch), strict=True):
        close(one, other)


def test_what_one_call_has_read_the_next_does_not_read_again(monkeypatch):
    model, codec, known = small_model(), small_codec(), KnownWindows(1000)
    first, second = prompts_of(reports(3, 6)), prompts_of([*reports(3, 6)[:4], *reports(4, 3)])

    decode(model, codec, first, known=known)
    left = plan(second, known).read
    found = decode(model, codec, second, known=known)

    assert 0 < len(left) < len(second) / 2
    assert plan(second, known).read == []
    for one, other in zip(found, each(second, 64, monkeypatch), strict=True):
        close(one, other)


def test_the_same_sentence_behind_another_is_another_window():
    prompts = prompts_of([[SENTENCES[0], SENTENCES[1]], [SENTENCES[2], SENTENCES[1]]])

    assert plan(prompts, None).read == [0, 1, 2, 3]


def test_what_stands_behind_a_film_is_read_for_itself():
    (prompt,) = prompts_of([[SENTENCES[0]]])
    film = encode_film_prompt(small_codec(), 0)

    made = plan([prompt, prompt._replace(prefix=0), film, prompt._replace(prefix=1), film], None)

    assert (made.read, made.same) == ([0, 1, 2, 3, 4], {})


def test_no_more_is_remembered_than_was_said():
    known = KnownWindows(3)

    decode(small_model(), small_codec(), prompts_of(reports(5, 8)), known=known)

    assert len(known) == 3
