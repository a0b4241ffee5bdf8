"""Decodes RTF characters: bytes in the character set of a font, and UTF-16 units."""

CHARSETS = {
    0: "cp1252",
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gbk",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
"""Character sets by `\\fcharset`. 1 (default) and 2 (symbols) have none."""

_WIDE = frozenset({"cp932", "cp949", "johab", "gbk", "cp950", "utf-8"})


class Letters:
    """Collects adjacent bytes and UTF-16 units, and decodes them together.

    `charset` is that of fonts without one. `damaged`: something could not be decoded.
    """

    def __init__(self, charset: str) -> None:
        self.charset = charset
        self.damaged = False
        self._bytes = bytearray()
        self._bytes_charset = charset
        self._units: list[int] = []

    @property
    def waiting(self) -> bool:
        """Whether there are undecoded bytes that may be the first half of a letter."""
        return bool(self._bytes) and self._bytes_charset in _WIDE

    def byte(self, value: int, charset: str) -> None:
        """Add a byte in the character set of its font."""
        if not self._bytes:
            self._bytes_charset = charset or self.charset
        self._bytes.append(value)

    def unit(self, value: int) -> None:
        """Add a UTF-16 unit."""
        self._units.append(value)

    def complete(self, words: str) -> str:
        """Complete the waiting bytes with their second half if it is missing. Returns the remaining text."""
        try:
            self._bytes.decode(self._bytes_charset)
        except UnicodeDecodeError as error:
            if error.end == len(self._bytes) and ord(words[0]) < 0x80:
                self._bytes.append(ord(words[0]))
                return words[1:]
        return words

    def take(self) -> str:
        """The decoded characters; empties the collection."""
        words = ""
        if self._units:
            raw = b"".join(unit.to_bytes(2, "little") for unit in self._units)
            words += self._decode(raw, "utf-16-le")
            self._units.clear()
        if self._bytes:
            words += self._decode(bytes(self._bytes), self._bytes_charset)
            self._bytes.clear()
        return words

    def _decode(self, raw: bytes, charset: str) -> str:
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            self.damaged = True
            return raw.decode(charset, "replace")
