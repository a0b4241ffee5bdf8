import hashlib
import io
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import RAW_LIMIT
from ingest.importing import stream_cutting
from ingest.importing.batches import hl7_pieces, json_lines, raw_of_line
from ingest.importing.stream_cutting import cut, read_piece

LINE = re.compile(rb"(?<=\n)")


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"a", b"\n", b"bc", b"\n\n"]), max_size=30).map(b"".join), st.integers(9, 12))
def test_cutting_by_blocks_is_cutting_the_whole(raw, block):
    whole = [piece for piece in LINE.split(raw) if piece]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_cutting, "_BLOCK", block)
        assert [piece.raw for piece in cut(io.BytesIO(raw), LINE)] == whole


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"MSH|1", b"PID|x", b"\r", b"\n", b"\x1c", b"\x0b", b"FHS|", b"BTS", b"M"]), max_size=25),
    st.integers(9, 16),
)
def test_messages_are_found_whatever_the_blocks(parts, block):
    raw = b"".join(parts)
    whole = [piece.raw for piece in hl7_pieces(io.BytesIO(raw))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_cutting, "_BLOCK", block)
        assert [piece.raw for piece in hl7_pieces(io.BytesIO(raw))] == whole


def test_a_piece_past_the_limit_is_hashed_and_not_held():
    raw = b"x" * (RAW_LIMIT + 1)
    piece = read_piece(io.BytesIO(raw))
    assert (piece.whole, piece.raw, piece.size) == (False, b"", RAW_LIMIT + 1)
    assert piece.digest == hashlib.sha256(raw).hexdigest()
    at_limit = read_piece(io.BytesIO(raw[:-1]))
    assert (at_limit.whole, at_limit.raw) == (True, raw[:-1])


ONE, TWO = b"MSH|^~\\&|1\rPID|1", b"MSH|^~\\&|2\rPID|2\rOBX|MSH|no"


@pytest.mark.parametrize(
    "raw",
    [
        ONE + b"\r" + TWO + b"\r",
        ONE + b"\n" + TWO,
        ONE + b"\r\n\r\n" + TWO + b"\r\n",
        b"\x0b" + ONE + b"\r\x1c\r\x0b" + TWO + b"\r\x1c\r",
        b"\xef\xbb\xbf" + ONE + b"\r" + TWO,
        b"FHS|^~\\&|a\rBHS|^~\\&|b\r" + ONE + b"\r" + TWO + b"\rBTS|2\rFTS|1\r",
        b"BHS|^~\\&|b\n" + ONE + b"\n" + TWO + b"\nBTS\n",
    ],
)
def test_messages_one_after_the_other_framed_or_in_batches(raw):
    assert [piece.raw for piece in hl7_pieces(io.BytesIO(raw))] == [ONE, TWO]


def test_what_stands_before_the_first_message_is_not_lost():
    assert [piece.raw for piece in hl7_pieces(io.BytesIO(b"PID|0\r" + ONE))] == [b"PID|0", ONE]


def test_blank_lines_are_no_messages():
    assert [piece.raw for piece in json_lines(io.BytesIO(b'\n{"raw": 1}\r\n \n{}'))] == [b'{"raw": 1}\r\n', b"{}"]


HEADER = "MSH|^~\\&" + "|" * 16


@pytest.mark.parametrize(
    ("message", "charset"),
    [("MSH|^~\\&|A\rOBX|é", "utf-8"), (HEADER + "8859/1\rOBX|é’", "cp1252"), (HEADER + "ASCII\rOBX|é", "utf-8")],
)
def test_the_message_of_a_line_is_in_the_set_that_it_names(message, charset):
    assert raw_of_line(json.dumps({"id": 1, "raw": message}).encode()) == message.encode(charset)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[]", Reason.UNREADABLE),
        ("{}", Reason.UNREADABLE),
        ('{"raw": 7}', Reason.UNREADABLE),
        ('{"raw": "\\ud800"}', Reason.UNREADABLE),
        ("MSH|", Reason.UNREADABLE),
        (json.dumps({"raw": HEADER + "8859/1\rOBX|胸"}), Reason.BAD_ENCODING),
    ],
)
def test_lines_without_a_message_are_refused(line, reason):
    with pytest.raises(MessageRefusedError) as caught:
        raw_of_line(line.encode())
    assert caught.value.reason == reason
