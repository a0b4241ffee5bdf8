"""Every defined character set, code extensions, and labels that are wrong: the right letters, else a warning."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.charset import encode_string

from ingest.formats.charset_guess import doubt, guess
from ingest.formats.dicom.charset import decode, sets_of

SENTENCES = {
    "ISO_IR 100": "Épanchement à gauche, Größe 2 cm, ±5 µm",
    "ISO_IR 101": "Wysięk opłucnowy, žádný nález, płuca",
    "ISO_IR 109": "Ĝi estas ĉielo, plena ŭ",
    "ISO_IR 110": "Šķidrums pleirā, ņem vērā",
    "ISO_IR 144": "Плевральный выпот слева. Сердце не увеличено",
    "ISO_IR 126": "Πλευριτική συλλογή αριστερά",
    "ISO_IR 138": "תפליט פלאורלי משמאל",
    "ISO_IR 127": "انصباب جنبي أيسر",
    "ISO_IR 148": "Sol akciğerde plevral efüzyon, İyi, ığş",
    "ISO_IR 166": "น้ำในช่องเยื่อหุ้มปอด",
    "ISO_IR 192": "左胸水あり。 Größe 2 cm — ≥ 3 mm",
    "GB18030": "左侧胸腔积液，心脏正常㐀",
    "GBK": "左侧胸腔积液，心脏正常",
    "ISO_IR 13": "ｶﾗ ﾃｽﾄ",
    "\\ISO 2022 IR 87": "左胸水あり。CT 2\\3 カラ",
    "ISO 2022 IR 13\\ISO 2022 IR 87": "ｶﾗ 左胸水あり。",
    "\\ISO 2022 IR 149": "왼쪽 흉수, 심장 정상",
    "\\ISO 2022 IR 58": "左侧胸腔积液 CT",
    "ISO 2022 IR 100\\ISO 2022 IR 126": "Größe αβγ",
    "ISO 2022 IR 6\\ISO 2022 IR 144": "CT: Плевральный",
}
PYTHON = {
    "ISO_IR 100": "latin_1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 166": "tis_620",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
    "ISO_IR 13": "shift_jis",
}
ESCAPES = {
    "\\ISO 2022 IR 149": (b"\x1b$)C", "euc_kr"),
    "\\ISO 2022 IR 58": (b"\x1b$)A", "gb2312"),
    "ISO 2022 IR 100\\ISO 2022 IR 126": (b"\x1b-F", "iso8859_7"),
    "ISO 2022 IR 6\\ISO 2022 IR 144": (b"\x1b-L", "iso8859_5"),
}
JAPANESE = [charset for charset in SENTENCES if "IR 87" in charset]


def encoded(text: str, charset: str) -> bytes:
    """The bytes of one line, by codecs of Python's, with the escape sequences that the standard asks for."""
    if charset in PYTHON:
        return text.encode(PYTHON[charset])
    if charset in JAPANESE:
        parts = [(part, "｡" <= part <= "ﾟ") for part in text]
        return b"".join(part.encode("shift_jis") if kana else part.encode("iso2022_jp") for part, kana in parts)
    escape, codec = ESCAPES[charset]
    if charset.startswith("ISO 2022 IR 100"):
        latin, _, greek = text.partition(" ")
        return latin.encode("latin_1") + b" " + escape + greek.encode(codec)
    return escape + text.encode(codec)


@pytest.mark.parametrize("charset", SENTENCES)
@pytest.mark.parametrize("line_end", ["", "\r\n", "\n", "\f"])
def test_every_defined_set_in_every_line(charset, line_end):
    text = SENTENCES[charset]
    value = encoded(text, charset) + (line_end.encode() + encoded(text, charset) if line_end else b"")
    expected = text + (line_end + text if line_end else "")
    assert decode(value, sets_of(charset.encode())) == (expected, "")


@pytest.mark.parametrize(
    "spelling", ["ISO_IR {}", "ISO IR {}", "ISO-IR-{}", "ISO_IR_{}", "ISO_IR{}", "ISO 2022 IR {}", " iso_ir {} "]
)
@pytest.mark.parametrize("number", ["100", "144"])
def test_spellings_of_defined_terms(spelling, number):
    text = SENTENCES[f"ISO_IR {number}"]
    value = text.encode(PYTHON[f"ISO_IR {number}"])
    assert decode(value, sets_of(spelling.format(number).encode())) == (text, "")


@pytest.mark.parametrize(
    ("name", "codec"), [("UTF-8", "utf-8"), ("ISO-8859-1", "latin_1"), ("WINDOWS-1251", "cp1251"), ("BIG5", "big5")]
)
def test_names_of_other_standards_are_understood(name, codec):
    text = {"utf-8": "Größe", "latin_1": "Größe", "cp1251": "Выпот слева", "big5": "左側胸腔積液"}[codec]
    assert decode(text.encode(codec), sets_of(name.encode())) == (text, "")


@pytest.mark.parametrize("charset", ["", *(name for name in SENTENCES if name != "ISO_IR 192")])
@pytest.mark.parametrize("text", ["Größe 2 cm", "左侧胸腔积液", "Плевральный выпот", "왼쪽 흉수"])
def test_utf8_wins_over_every_declared_set_and_is_told(charset, text):
    assert decode(text.encode(), sets_of(charset.encode())) == (text, "charset_mismatch")


@pytest.mark.parametrize("declared", ["", "ISO_IR 100", "ISO_IR 192", "ISO 2022 IR 6", "UNHEARD OF"])
@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("左侧胸腔积液，心脏正常", "gb18030"),
        ("왼쪽 흉수가 있습니다", "euc_kr"),
        ("左胸水あり。", "shift_jis"),
        ("Плевральный выпот слева", "cp1251"),
        ("Плевральный выпот слева", "koi8_r"),
    ],
)
def test_letters_of_another_set_are_found_and_told(text, codec, declared):
    assert decode(text.encode(codec), sets_of(declared.encode())) == (text, "charset_mismatch")


@pytest.mark.parametrize(("charset", "text"), [("ISO_IR 192", "Größe und Höhe für Ärzte"), ("GB18030", "左侧胸腔积液")])
def test_one_bad_byte_spoils_one_letter(charset, text):
    value = text.encode(PYTHON[charset])
    found = decode(value + b" \xff end", sets_of(charset.encode()))
    assert found == (f"{text} \ufffd end", "undecodable_character")


def test_an_escape_that_a_line_lacks_is_taken_from_the_line_before():
    first = "왼쪽".encode("euc_kr")
    assert decode(b"\x1b$)C" + first + b"\r\n" + first, sets_of(b"\\ISO 2022 IR 149")).text == "왼쪽\r\n왼쪽"


def test_a_line_begins_in_the_first_set_anew():
    value = b"\x1b-F\xe1\xe2\r\nGr\xf6\xdfe"
    assert decode(value, sets_of(b"ISO 2022 IR 100\\ISO 2022 IR 126")).text == "αβ\r\nGröße"


@pytest.mark.parametrize("charset", ["\\ISO 2022 IR 149", "\\ISO 2022 IR 58"])
def test_extensions_without_any_escape(charset):
    codec = ESCAPES[charset][1]
    text = SENTENCES[charset]
    assert decode(text.encode(codec), sets_of(charset.encode())) == (text, "charset_mismatch")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["", *SENTENCES, "ISO 2022 IR 13\\ISO 2022 IR 159", "UNHEARD OF"]))
def test_any_bytes_give_a_text(value, charset):
    text, _ = decode(value, sets_of(charset.encode()))
    assert isinstance(text, str)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="euc_kr", exclude_categories=["Cc"], exclude_characters="\u3164"), max_size=20))
def test_what_pydicom_writes_is_read(text):
    value = encode_string(text, ["ascii", "euc_kr"])
    found, warning = decode(value, sets_of(b"\\ISO 2022 IR 149"))
    assert (found, warning) == (text, "")


@pytest.mark.parametrize(
    "text", [*SENTENCES.values(), "ÉPANCHEMENT", "naïve – “q”", "¿Derrame? No", "McDonald’s", "25 °C ½"]
)
def test_good_texts_raise_no_doubt(text):
    assert doubt(text) == 0


def test_nothing_better_is_guessed_than_windows_1252():
    assert guess("Größe – groß".encode("cp1252")) == "cp1252"


@pytest.mark.parametrize("text", ["Größe " * 150_000, "Плевральный" * 90_000, "左侧胸腔积液" * 80_000, "é" * 500_000])
@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_a_text_of_a_megabyte_is_judged_in_moments(text, codec):
    started = time.process_time()
    decode(text.encode(codec), sets_of(b"ISO_IR 100"))
    assert time.process_time() - started < 2
