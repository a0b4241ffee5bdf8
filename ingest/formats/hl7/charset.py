"""The character set of an HL7 v2 message: UTF-8 if it is valid, else that of MSH-18 (table 0211), else the site's.

Senders often name a wrong set, so valid UTF-8 is read as UTF-8, whatever the message names. An invalid byte damages
only its own character; if most bytes do not fit, the site's set (VLMKG_HL7_CHARSET) is used. Each case gives a warning.
"""

import codecs
import re
from functools import lru_cache

from ingest.errors import MessageRefusedError, Reason
from ingest.event_warnings import EventWarning
from ingest.formats import iso2022
from ingest.formats.detect import utf_16

MISMATCH, UNKNOWN, DAMAGED, DOUBTFUL = (
    EventWarning.CHARSET_MISMATCH,
    EventWarning.UNKNOWN_CHARSET,
    EventWarning.UNDECODABLE_CHARACTER,
    EventWarning.CHARSET_DOUBTFUL,
)
_HEADER_LIMIT = 4096
_UNICODE = ("utf-8",)
_TABLE_0211: dict[str, tuple[str, ...]] = {
    "ISO IR14": ("cp932",),
    "ISO IR87": ("iso2022_jp",),
    "ISO IR159": ("iso2022_jp_2",),
    "GB 18030-2000": ("gb18030",),
    # Texts declared as KS X 1001 are mostly in Windows' superset of it.
    "KS X 1001": ("cp949",),
    "CNS 11643-1992": ("big5",),
    "BIG-5": ("big5", "cp950"),
    # Unicode and ASCII are tried as UTF-8 first in any case.
    "ASCII": (),
    "ISO IR6": (),
    "UNICODE": _UNICODE,
    "UNICODE UTF-8": _UNICODE,
    "UTF-8": _UNICODE,
    "UTF8": _UNICODE,
    # Detected by its first bytes; a file in it is converted to UTF-8 (ingest.importing.expand).
    "UNICODE UTF-16": _UNICODE,
    "ISO IR192": _UNICODE,
}
_LATIN = re.compile(r"(?:ISO[-_ ]?)?8859[-_/ ]([1-9]|1[0-6])")
_REGISTERED = {
    "100": "1", "101": "2", "109": "3", "110": "4", "144": "5", "127": "6", "126": "7", "138": "8", "148": "9",
    "203": "15",
}  # fmt: skip
"""Parts of ISO 8859 by registration number."""
_OTHER_NAMES = re.compile(r"(?:MS|WINDOWS|CP|IBM)?[-_ ]?(125[0-8]|874|93[26]|949|950|850|437)")
_SUPERSETS = {"gb2312": "gbk", "gbk": "gb18030", "euc_kr": "cp949", "big5": "cp950", "shift_jis": "cp932"}
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_LATIN_CODECS = frozenset({"cp1252", "latin-1", "cp1250", "iso8859_15"})
# Such sequences do not occur in languages with Latin letters, but in bytes of another script.
_UNLIKELY = re.compile(
    r"[^\x00-\xa0\u2010-\u2027]{4}|[A-Za-z\xc0-\xff][\xa1-\xa9\xab-\xb1\xb3\xb4\xb6\xb8\xb9\xbb-\xbf\xd7][A-Za-z]"
)


def decode(raw: bytes, default: str) -> tuple[str, str, tuple[EventWarning, ...]]:
    """The message as text, its character set, and warnings.

    Refuses (`bad_encoding`) bytes that fit neither the declared sets nor UTF-8 nor `default`.
    """
    if sixteen := utf_16(raw):
        return raw.decode(sixteen, "replace").removeprefix("\ufeff"), "utf-8", ()
    names = declared_names(raw)
    declared = names[0] if names else ""
    known = charsets(declared)
    if iso2022.has_sequences(raw):
        base = known[0] if known and not known[0].startswith("iso2022") else _base(raw, default)
        return _judged(iso2022.decode(raw, base), base, ())
    if raw.isascii():
        return raw.decode("ascii"), (known or _UNICODE)[0], (UNKNOWN,) if known is None else ()
    text, charset = _decoded(raw, known or (), default)
    if known is None:
        return _judged(text, charset, (UNKNOWN,))
    expected = known or _UNICODE
    return _judged(text, charset, (MISMATCH,) if declared and charset not in expected else ())


def declared_names(raw: bytes) -> list[str]:
    """The non-empty repetitions of MSH-18, in upper case."""
    header = re.split(rb"[\r\n]", raw[:_HEADER_LIMIT], maxsplit=1)[0]
    fields = header.split(header[3:4] or b"|", 18)
    value = fields[17] if len(fields) > 17 else b""
    separator = header[5:6] if len(header) > 5 and not header[5:6].isalnum() else b"~"
    names = (name.decode("ascii", "replace").strip().upper() for name in value.split(separator))
    return [name for name in names if name]


def declared_charset(raw: bytes) -> str:
    """The first set in MSH-18, in upper case; empty if the message names none."""
    return next(iter(declared_names(raw)), "")


@lru_cache(maxsize=256)
def charsets(declared: str) -> tuple[str, ...] | None:
    """The Python codecs for the name of a set, in the order to try them; None for an unknown name.

    Names are those of table 0211, and those of DICOM, IANA and Windows for the same sets.
    """
    if not declared:
        return ()
    name = declared.replace("_", " ") if declared.startswith("ISO_IR") else declared
    name = re.sub(r"^ISO[ -]IR[ -]", "ISO IR", name)
    if registered := _REGISTERED.get(name.removeprefix("ISO IR")):
        name = f"8859/{registered}"
    if latin := _LATIN.fullmatch(name):
        # Senders that name Latin-1 mean Windows-1252, as browsers assume. Its five undefined bytes are read as Latin-1.
        return ("cp1252", "latin-1") if latin[1] == "1" else (f"iso8859_{latin[1]}",)
    if name in _TABLE_0211:
        return _TABLE_0211[name]
    if windows := _OTHER_NAMES.fullmatch(name):
        return (f"cp{windows[1]}",)
    return _of_python(name)


def _of_python(name: str) -> tuple[str, ...] | None:
    try:
        found = codecs.lookup(name.replace(" ", "-")).name.replace("-", "_")
        "x".encode(found)
    except (LookupError, UnicodeError):
        return None
    found = _SUPERSETS.get(found, found)
    return ("utf-8",) if found == "utf_8" else (found,)


def _base(raw: bytes, default: str) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return default
    return "utf-8"


def _decoded(raw: bytes, known: tuple[str, ...], default: str) -> tuple[str, str]:
    """The text of bytes that are not all ASCII, and its character set."""
    for charset in ("utf-8", *known):
        try:
            return raw.decode(charset), charset
        except UnicodeDecodeError:
            continue
    candidates = [(charset, 4) for charset in known if charset != "utf-8"] or [("utf-8", 1)]
    for charset, good_for_a_bad in candidates:
        text = raw.decode(charset, "replace")
        bad = text.count("\ufffd")
        good = sum(not part.isascii() for part in text) - bad
        if good and good >= good_for_a_bad * bad:
            return text, charset
    text = raw.decode(default, "replace")
    if (bad := text.count("\ufffd")) and bad * 4 > len(_NOT_ASCII.findall(raw)):
        raise MessageRefusedError(
            Reason.BAD_ENCODING, "the message can't be decoded with its character set or the site's"
        )
    return text, default


def _judged(text: str, charset: str, warnings: tuple[EventWarning, ...]) -> tuple[str, str, tuple[EventWarning, ...]]:
    if "\ufffd" in text:
        warnings = (*warnings, DAMAGED)
    elif charset in _LATIN_CODECS and _UNLIKELY.search(text):
        warnings = (*warnings, DOUBTFUL)
    return text, charset, warnings
