"""Frames out of streams that are cut anywhere and framed wrongly."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from ingest.gateway.mllp.framing import Flaw, Frame, Framing

A, B = b"MSH|^~\\&|a\rOBX|1\r", b"MSH|^~\\&|b\r"


def framed(*messages: bytes) -> bytes:
    return b"".join(b"\x0b" + message + b"\x1c\r" for message in messages)


def read(*chunks: bytes, limit: int = 1000) -> list[Frame]:
    framing = Framing(limit)
    return [frame for chunk in chunks for frame in framing.feed(chunk)]


def test_two_frames_in_one_piece() -> None:
    assert read(framed(A, B)) == [Frame(A), Frame(B)]


@given(st.lists(st.sampled_from([A, B, b"nonsense"]), max_size=4), st.data())
def test_it_does_not_matter_where_the_stream_is_cut(messages: list[bytes], data: st.DataObject) -> None:
    stream = framed(*messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(*pieces) == [Frame(message) for message in messages]
    assert read(*(bytes([byte]) for byte in stream)) == [Frame(message) for message in messages]


def test_garbage_before_a_frame_is_no_message() -> None:
    assert read(b"\r\n\0 hello" + framed(A)) == [Frame(A)]


def test_a_message_that_lacks_its_vt_is_one() -> None:
    assert read(A + b"\x1c\r" + framed(B)) == [Frame(A), Frame(B)]


def test_a_vt_in_a_text_is_text() -> None:
    text = b"MSH|^~\\&|a\rOBX|1|TX|||line\x0bline\r"
    assert read(framed(text)) == [Frame(text)]


def test_an_fs_in_a_text_is_text() -> None:
    text = b"MSH|^~\\&|a\rOBX|1|TX|||a\x1cb\r"
    assert read(framed(text)) == [Frame(text)]


def test_lf_or_the_next_vt_stand_for_a_missing_cr() -> None:
    assert read(b"\x0b" + A + b"\x1c\n" + b"\x0b" + A + b"\x1c" + framed(B)) == [Frame(A), Frame(A), Frame(B)]


def test_a_message_without_fs_is_told_from_the_next_one() -> None:
    assert read(b"\x0b" + A + framed(B)) == [Frame(A, Flaw.UNENDED), Frame(B)]


def test_the_end_of_the_stream() -> None:
    framing = Framing(1000)
    assert framing.feed(b"\x0b" + A) == []
    assert framing.is_open
    assert framing.end() == [Frame(A, Flaw.UNENDED)]
    assert not framing.is_open
    assert framing.end() == []
    framing.feed(b"\x0b" + A + b"\x1c")
    assert framing.waits_for_cr
    assert framing.end() == [Frame(A)]


@given(st.integers(1, 50))
def test_a_message_past_the_limit_is_counted_and_hashed(step: int) -> None:
    large = b"MSH|^~\\&|" + b"x" * 200 + b"\r"
    stream = framed(B, large, A)
    frames = read(*(stream[start : start + step] for start in range(0, len(stream), step)), limit=100)
    assert frames[0] == Frame(B)
    assert frames[-1] == Frame(A)
    (found,) = frames[1:-1]
    assert found.flaw is Flaw.TOO_LARGE
    assert (found.size, found.digest) == (len(large), hashlib.sha256(large).hexdigest())
    assert found.content.startswith(b"MSH|")


def test_of_a_large_message_only_the_beginning_is_kept() -> None:
    framing = Framing(100)
    for _ in range(1000):
        framing.feed(b"\x0bMSH|" + b"x" * 1000)
    assert len(framing._buffer) < 2000
