"""Detects text that was decoded with a wrong character set, and guesses the right one.

For texts whose declared character set is wrong or missing. A wrong one gives control characters, symbols within words,
capitals after small letters, or many accented letters in a row.
"""

import codecs
import re
import unicodedata
from itertools import pairwise

_RUNS = re.compile(r"[^\W\d_]+")
_LATIN_ACCENTS = re.compile(r"[\u00c0-\u024f]{4,}")
_CJK_WITHIN = re.compile(r"[a-z][\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]{1,2}(?=[a-z])")
"""One or two East Asian letters between small Latin letters, as "Größe" gives in a double-byte set.

Good texts may have "CT" beside such letters, but not small letters.
"""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_APOSTROPHES = frozenset("\u2018\u2019\u02bc\u00b4\u00b0\u00b5\u00ad\u00a0")
"""Symbols that occur next to letters in good texts."""

_PAIRS = {
    "gb18030": re.compile(rb"[\xa1-\xa9\xb0-\xd7][\xa1-\xfe]"),
    "euc_kr": re.compile(rb"[\xa1-\xa9\xb0-\xc8][\xa1-\xfe]"),
    "shift_jis": re.compile(rb"[\x81-\x98][\x40-\xfc]"),
    "big5": re.compile(rb"[\xa1-\xc6][\x40-\xfe]"),
}
"""Double-byte character sets, each with its common letters."""
_SINGLE = ("cp1252", "cp1250", "cp1251", "koi8_r", "iso8859_5", "cp1253", "cp1255", "cp1256", "cp1254", "tis_620")
_CJK = re.compile(
    r"[\u3000-\u303f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9f\u2010-\u2026\u00b7\u00b1\u00d7]+"
)
_FEWEST_PAIRS = 2
_SAMPLE = 4096
"""The number of letters or bytes of non-ASCII words that are checked, so that long reports take no longer."""


def doubt(text: str) -> float:
    """A score of how wrongly decoded a text looks: 0 for a good text, 1 and more for one decoded with another set."""
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
    """The number of one or two East Asian letters between small Latin letters."""
    return len(_CJK_WITHIN.findall(text))


def guess(value: bytes) -> str:
    """The most likely character set of bytes that fit neither their declared one nor UTF-8.

    The fallback is Windows-1252.
    """
    value = b" ".join(word for word in value.split() if not word.isascii())[:_SAMPLE]
    for charset in _PAIRS:
        if _is_cjk(value, charset):
            return charset
    return min(_SINGLE, key=lambda charset: doubt(value.decode(charset, "replace")))


def _is_cjk(value: bytes, charset: str) -> bool:
    """Whether the non-ASCII bytes are letters of this set, and nearly all of them are common."""
    try:
        # The sample may end in the middle of a letter.
        found = _NOT_ASCII.findall(codecs.getincrementaldecoder(charset)().decode(value))
    except UnicodeDecodeError:
        return False
    if len(found) < _FEWEST_PAIRS or _CJK.sub("", "".join(found)):
        return False
    return is_usual(value, charset) and (charset != "gb18030" or not _is_hangul(value))


def is_usual(value: bytes, charset: str) -> bool:
    """Whether nearly all non-ASCII bytes are common letters of a double-byte set."""
    usual = _PAIRS["gb18030" if charset.startswith("gb") else charset]
    text = value.decode(charset, "replace")
    kana = sum("\uff61" <= sign <= "\uff9f" for sign in text)
    return len(usual.findall(value)) + kana >= 0.8 * len(_NOT_ASCII.findall(text))


def _is_hangul(value: bytes) -> bool:
    """Whether all byte pairs lie in the syllable range of KS X 1001, which is very rare for Chinese text."""
    pairs = [pair for pair in re.findall(rb"[\x80-\xff]{2}", value) if pair[0] > 0xA9]
    return bool(pairs) and all(0xB0 <= pair[0] <= 0xC8 and pair[1] >= 0xA1 for pair in pairs)


def _is_impossible(sign: str) -> bool:
    return "\x7f" <= sign <= "\x9f" or sign == "\ufffd"


def _odd_in_word(run: str) -> int:
    """The number of capitals after small letters, and of script changes, within words."""
    if run.isascii():
        return 0
    turns = sum(a.islower() and b.isupper() for a, b in pairwise(run))
    scripts = {unicodedata.name(sign, "").partition(" ")[0] for sign in run}
    return turns + (len(scripts & {"LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC"}) > 1)


def _symbols_at_letters(text: str) -> int:
    """The number of non-ASCII symbols and digits within words, which people do not write."""
    count = 0
    for match in _NOT_ASCII.finditer(text):
        sign, at = match[0], match.start()
        if sign in _APOSTROPHES or sign.isalpha() or sign >= "\u3000" or unicodedata.category(sign)[0] not in "SPN":
            continue
        beside = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
        count += any(one.isalpha() and not one.isascii() for one in beside) or (beside.isalpha() and len(beside) == 2)
    return count
