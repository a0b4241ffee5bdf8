"""The character set of an HL7 v2 message: MSH-18 (table 0211), else UTF-8, else what the site says."""

import re

from ingest.errors import MessageRefusedError, Reason

_HEADER_LIMIT = 4096
_TABLE_0211: dict[str, tuple[str, ...]] = {
    "ISO IR87": ("iso2022_jp",),
    "ISO IR159": ("iso2022_jp_2",),
    "GB 18030-2000": ("gb18030",),
    "KS X 1001": ("euc_kr",),
    "BIG-5": ("big5",),
    "WINDOWS-1252": ("cp1252",),
    "CP1252": ("cp1252",),
    # Unicode and ASCII are both tried as UTF-8 first anyway.
    "ASCII": (),
    "ISO IR6": (),
    "UNICODE": (),
    "UNICODE UTF-8": (),
    "UTF-8": (),
    "UTF8": (),
}
_LATIN = re.compile(r"(?:ISO[- ]?)?8859[-/]([1-9]|1[0-6])")


def decode(raw: bytes, default: str) -> tuple[str, str, tuple[str, ...]]:
    """The message as text, the character set that it was read in, and warnings.

    Refuses (`bad_encoding`) what fits neither the declared set nor UTF-8 nor `default`.
    """
    declared = declared_charset(raw)
    known = charsets(declared)
    for charset in (*(known or ()), "utf-8", default):
        try:
            text = raw.decode(charset)
        except UnicodeDecodeError:
            continue
        return text, charset, _warnings(declared, known, charset)
    raise MessageRefusedError(Reason.BAD_ENCODING, "the message fits neither its character set nor the site's")


def declared_charset(raw: bytes) -> str:
    """The first repetition of MSH-18, upper case; empty where the message names none."""
    header = re.split(rb"[\r\n]", raw[:_HEADER_LIMIT], maxsplit=1)[0]
    fields = header.split(header[3:4] or b"|", 18)
    value = fields[17] if len(fields) > 17 else b""
    return value.split(b"~")[0].decode("ascii", "replace").strip().upper()


def charsets(declared: str) -> tuple[str, ...] | None:
    """The Python codecs that stand for a value of table 0211, in the order to try them; None for an unknown one."""
    if not declared:
        return ()
    if latin := _LATIN.fullmatch(declared):
        # Senders who say Latin-1 mean Windows-1252 (as browsers learnt); its five holes are read as Latin-1.
        return ("cp1252", "latin-1") if latin[1] == "1" else (f"iso8859_{latin[1]}",)
    return _TABLE_0211.get(declared)


def _warnings(declared: str, known: tuple[str, ...] | None, used: str) -> tuple[str, ...]:
    if known is None:
        return ("unknown_charset",)
    expected = known or ("utf-8",)
    return ("charset_mismatch",) if declared and used not in expected else ()
