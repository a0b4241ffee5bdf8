"""Whether letters are those that somebody wrote, and which character set would make them so.

For texts whose declared character set is wrong or missing. Signs of a wrong one: control characters, symbols within
words, capitals after small letters, many accented letters in a row.
"""

import codecs
import re
import unicodedata
from itertools import pairwise

_RUNS = re.compile(r"[^\W\d_]+")
_LATIN_ACCENTS = re.compile(r"[\u00c0-\u024f]{4,}")
_CJK_WITHIN = re.compile(r"[a-z][\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]{1,2}(?=[a-z])")
"""Of "Größe" in a set of two bytes a letter. "CT" stands beside such letters in good texts, small letters do not."""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_APOSTROPHES = frozenset("\u2018\u2019\u02bc\u00b4\u00b0\u00b5\u00ad\u00a0")
"""Signs that stand beside letters in good texts."""

_PAIRS = {
    "gb18030": re.compile(rb"[\xa1-\xa9\xb0-\xd7][\xa1-\xfe]"),
    "euc_kr": re.compile(rb"[\xa1-\xa9\xb0-\xc8][\xa1-\xfe]"),
    "shift_jis": re.compile(rb"[\x81-\x98][\x40-\xfc]"),
    "big5": re.compile(rb"[\xa1-\xc6][\x40-\xfe]"),
}
"""Sets of two bytes a letter, each with its letters of every day."""
_SINGLE = ("cp1252", "cp1250", "cp1251", "koi8_r", "iso8859_5", "cp1253", "cp1255", "cp1256", "cp1254", "tis_620")
_CJK = re.compile(
    r"[\u3000-\u303f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9f\u2010-\u2026\u00b7\u00b1\u00d7]+"
)
_FEWEST_PAIRS = 2
_SAMPLE = 4096
"""Letters or bytes that are looked at, of words that are not ASCII: a long report is no slower to judge."""


def doubt(text: str) -> float:
    """How little a text looks like one: 0 for a good one, 1 and more for one whose letters are of another set."""
    if text.isascii():
        return 0.0
    text = " ".join(word for word in text.split() if not word.isascii())[:_SAMPLE]
    letters = len(_NOT_ASCII.findall(text))
    if not letters:
        return 0.0
    odd = sum(3 for sign in text if _is_impossible(sign))
    odd += sum(_odd_in_word(run) for run in _RUNS.findall(text))
    odd += sum(len(run) - 3 for run in _LATIN_ACCENTS.findall(text))
    odd += cjk_within_words(text) + _symbols_at_letters(text)
    return odd / letters


def cjk_within_words(text: str) -> int:
    """How often one or two East Asian letters stand between small Latin ones."""
    return len(_CJK_WITHIN.findall(text))


def guess(value: bytes) -> str:
    """The likeliest character set of bytes that fit neither their declared one nor UTF-8. Windows-1252 for want of
    any better."""
    value = b" ".join(word for word in value.split() if not word.isascii())[:_SAMPLE]
    for charset in _PAIRS:
        if _is_cjk(value, charset):
            return charset
    return min(_SINGLE, key=lambda charset: doubt(value.decode(charset, "replace")))


def _is_cjk(value: bytes, charset: str) -> bool:
    """Whether the bytes that are not ASCII are letters of such a set, and nearly all of every day."""
    try:
        # The sample may end within a letter.
        found = _NOT_ASCII.findall(codecs.getincrementaldecoder(charset)().decode(value))
    except UnicodeDecodeError:
        return False
    if len(found) < _FEWEST_PAIRS or _CJK.sub("", "".join(found)):
        return False
    return is_usual(value, charset) and (charset != "gb18030" or not _is_hangul(value))


def is_usual(value: bytes, charset: str) -> bool:
    """Whether nearly all bytes beyond ASCII are letters of every day in a set of two bytes a letter."""
    usual = _PAIRS["gb18030" if charset.startswith("gb") else charset]
    text = value.decode(charset, "replace")
    kana = sum("\uff61" <= sign <= "\uff9f" for sign in text)
    return len(usual.findall(value)) + kana >= 0.8 * len(_NOT_ASCII.findall(text))


def _is_hangul(value: bytes) -> bool:
    """Whether all pairs lie where KS X 1001 has its syllables, which of Chinese text hardly ever happens."""
    pairs = [pair for pair in re.findall(rb"[\x80-\xff]{2}", value) if pair[0] > 0xA9]
    return bool(pairs) and all(0xB0 <= pair[0] <= 0xC8 and pair[1] >= 0xA1 for pair in pairs)


def _is_impossible(sign: str) -> bool:
    return "\x7f" <= sign <= "\x9f" or sign == "\ufffd"


def _odd_in_word(run: str) -> int:
    """Small letters before capitals, and letters of several scripts, in one word."""
    if run.isascii():
        return 0
    turns = sum(a.islower() and b.isupper() for a, b in pairwise(run))
    scripts = {unicodedata.name(sign, "").partition(" ")[0] for sign in run}
    return turns + (len(scripts & {"LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC"}) > 1)


def _symbols_at_letters(text: str) -> int:
    """Symbols and numbers that are not ASCII and stand within words, as no hand writes them."""
    count = 0
    for match in _NOT_ASCII.finditer(text):
        sign, at = match[0], match.start()
        if sign in _APOSTROPHES or sign.isalpha() or sign >= "\u3000" or unicodedata.category(sign)[0] not in "SPN":
            continue
        beside = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
        count += any(one.isalpha() and not one.isascii() for one in beside) or (beside.isalpha() and len(beside) == 2)
    return count
