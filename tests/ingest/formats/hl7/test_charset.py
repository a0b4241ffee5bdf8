import pytest

from ingest.errors import MessageRefusedError, Reason
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obx, parse

WORDS = "Épanchement – 5 µm"


def encoded(charset: str, declared: str = "", words: str = WORDS) -> bytes:
    header = MSH + "|" * 6 + declared if declared else MSH
    return "\r".join([header, PID, OBR, obx(words)]).encode(charset)


def text_of(raw: bytes, **settings: str) -> str:
    return parse(raw, **settings).studies[0].reports[0].text


@pytest.mark.parametrize(
    ("charset", "declared"),
    [
        ("utf-8", ""), ("utf-8", "UNICODE UTF-8"), ("utf-8", "UNICODE"), ("utf-8", "utf-8"), ("cp1252", ""),
        ("cp1252", "8859/1"), ("cp1252", "ISO 8859/1~ISO IR87"), ("gb18030", "GB 18030-2000"), ("cp1252", "CP1252"),
    ],
)  # fmt: skip
def test_declared_and_undeclared_sets(charset, declared):
    parsed = parse(encoded(charset, declared))
    assert parsed.studies[0].reports[0].text == WORDS
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("charset", "declared", "words"),
    [
        ("iso8859_2", "8859/2", "zápal plic"), ("iso8859_15", "8859/15", "5 € œdème"), ("latin-1", "8859/1", "a\xa0b"),
        ("iso2022_jp", "ISO IR87", "胸部 正常"), ("euc_kr", "KS X 1001", "흉부"), ("big5", "BIG-5", "胸部"),
    ],
)  # fmt: skip
def test_other_scripts(charset, declared, words):
    assert text_of(encoded(charset, declared, words)) == words


def test_the_sites_set_is_the_last_resort():
    raw = encoded("cp1250", words="zápal plic ž")
    assert text_of(raw, hl7_charset="cp1250") == "zápal plic ž"


@pytest.mark.parametrize(
    ("charset", "declared", "warning"),
    [
        ("utf-8", "KLINGON", "unknown_charset"),
        ("cp1252", "UNICODE UTF-8", "charset_mismatch"),
        ("cp1252", "ASCII", "charset_mismatch"),
    ],
)
def test_a_set_that_is_not_the_declared_one_is_told(charset, declared, warning):
    parsed = parse(encoded(charset, declared))
    assert parsed.studies[0].reports[0].text == WORDS
    assert parsed.warnings == (warning,)


def test_what_fits_no_set_is_refused():
    with pytest.raises(MessageRefusedError) as caught:
        parse(message(MSH, PID, OBR, obx("X")).replace(b"|X|", b"|\x81\x8d|"))
    assert caught.value.reason == Reason.BAD_ENCODING


def test_a_last_letter_that_ends_like_a_byte_order_mark_survives():
    assert text_of("\r".join([MSH, PID, OBR, "OBX|1|TX|1||seen »"]).encode()) == "seen »"


def test_hexadecimal_sequences_are_in_the_messages_set():
    assert text_of(encoded("utf-8", "UNICODE UTF-8", r"37 \XC2B0\C")) == "37 °C"
    assert text_of(encoded("cp1252", "8859/1", r"é 37 \XB0\C")) == "é 37 °C"
