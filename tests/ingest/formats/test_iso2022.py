"""Escape sequences of ISO 2022: the same reader for DICOM and for HL7 v2."""

import pytest

from ingest.formats import iso2022

JAPANESE, KOREAN, CHINESE, GREEK = "胸部正常", "흉부", "胸部正常", "Θώρακας"


def shifted(text: str, codec: str) -> bytes:
    """Letters of two bytes in the lower half."""
    return bytes(byte & 0x7F for byte in text.encode(codec))


WRITTEN = [
    (b"\x1b$B" + shifted(JAPANESE, "euc_jp") + b"\x1b(B", JAPANESE),
    (b"\x1b$@" + shifted(JAPANESE, "euc_jp") + b"\x1b(J", JAPANESE),
    (b"\x1b$A" + shifted(CHINESE, "gb2312") + b"\x1b(B", CHINESE),
    (b"\x1b$(A" + shifted(CHINESE, "gb2312") + b"\x1b(B", CHINESE),
    (b"\x1b$(C" + shifted(KOREAN, "euc_kr") + b"\x1b(B", KOREAN),
    (b"\x1b$(D" + bytes(byte & 0x7F for byte in "丂".encode("euc_jp")[1:]) + b"\x1b(B", "丂"),
    (b"\x1b(I" + bytes(byte & 0x7F for byte in "ﾁｮｳ".encode("shift_jis")) + b"\x1b(B", "ﾁｮｳ"),
    (b"\x1b$)C" + KOREAN.encode("euc_kr"), KOREAN),
    (b"\x1b$)A" + CHINESE.encode("gb2312"), CHINESE),
    (b"\x1b$)B" + JAPANESE.encode("euc_jp"), JAPANESE),
    (b"\x1b)I" + "ﾁｮｳ".encode("shift_jis"), "ﾁｮｳ"),
    (b"\x1b-F" + GREEK.encode("iso8859_7"), GREEK),
    (b"\x1b-b" + "5 €".encode("iso8859_15"), "5 €"),
]
LARGER = [(b"\x1b$)C" + "똠".encode("cp949"), "똠"), (b"\x1b$)A" + "鎔".encode("gb18030"), "鎔")]
"""Letters that only the larger set has under the same name."""


@pytest.mark.parametrize(("raw", "text"), WRITTEN + LARGER)
@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_set_holds_until_the_end_of_its_line(raw, text, end):
    line = b"a " + raw
    wanted = f"a {text}{end.decode()}b ü"
    assert iso2022.has_sequences(line)
    assert iso2022.decode(line + end + "b ü".encode("latin-1"), "latin_1") == wanted
    assert iso2022.decode_value(line + end + "b ü".encode("latin-1"), "latin_1", str) == wanted


@pytest.mark.parametrize(("raw", "text"), WRITTEN)
@pytest.mark.parametrize("end", [b"\t", b"\f"])
def test_a_tab_ends_a_line_of_dicom_alone(raw, text, end):
    lower = raw.endswith((b"\x1b(B", b"\x1b(J"))
    raw = raw[:-3] if lower else raw
    assert iso2022.decode_value(raw + end + b"abcd", "latin_1", str) == f"{text}{end.decode()}abcd"
    after = iso2022.decode(raw + end + b"abcd", "latin_1")
    assert (after == f"{text}{end.decode()}abcd") is not lower


@pytest.mark.parametrize(("raw", "text"), [each for each in WRITTEN if each[0].startswith(b"\x1b$")])
def test_a_byte_that_is_left_over_costs_one_letter(raw, text):
    lower = raw.endswith((b"\x1b(B", b"\x1b(J"))
    damaged = raw[:-3] + b"\x21" + raw[-3:] if lower else raw + b"\xb0"
    assert iso2022.decode(damaged + b" end", "latin_1") == f"{text}\ufffd end"


def test_a_value_without_a_first_set_is_in_the_last_that_was_chosen():
    raw = b"\x1b$)C" + KOREAN.encode("euc_kr") + b"\r\n" + KOREAN.encode("euc_kr")
    assert iso2022.decode_value(raw, "", lambda part: "?") == f"{KOREAN}\r\n{KOREAN}"
    assert iso2022.decode_value("é".encode("latin-1") + raw, "", lambda part: "?") == f"?{KOREAN}\r\n{KOREAN}"


@pytest.mark.parametrize("charset", ["cp932", "gb18030", "big5"])
def test_letters_of_both_halves_stay_whole_where_lines_begin_in_their_set(charset):
    """Their second byte may be a backslash or a letter of ASCII."""
    words = {"cp932": "表示ソ", "gb18030": "亖丂丄", "big5": "功許"}[charset]
    assert any(byte < 0x80 for byte in words.encode(charset))
    raw = words.encode(charset) + b"\x1b$B" + shifted(JAPANESE, "euc_jp") + b"\x1b(B" + words.encode(charset)
    assert iso2022.decode(raw, charset) == f"{words}{JAPANESE}{words}"


@pytest.mark.parametrize("raw", [b"\x1b[31m", b"\x1b", b"\x1b(Z", b"a\x1b"])
def test_other_escapes_are_left_as_they_are(raw):
    assert not iso2022.has_sequences(raw)
    assert iso2022.decode(raw, "latin_1") == raw.decode()
