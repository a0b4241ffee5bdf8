"""RTF (specification 1.9.1) as plain text.

The `striprtf` package reads deleted and hidden text as text of the report, drops footnotes and text boxes silently, and
takes quadratic time on some input. Tests compare this module with it.
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.errors import UnsupportedTextError
from ingest.event_warnings import EventWarning
from ingest.formats.code_sets import code_set
from ingest.formats.markup.layout import Layout
from ingest.formats.markup.rtf_charset import CHARSETS, Letters

_TOKEN = re.compile(r"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|([^\\{}]+)|\\", re.DOTALL)
_START = re.compile(r"\s*\{\s*\\rtf", re.IGNORECASE)

_UNSEEN = code_set(
    "author bkmkend bkmkstart blipuid buptim category colortbl comment company creatim datafield docvar doccomm "
    "factoidname ffdeftext ffentrymcr ffexitmcr ffformat ffhelptext ffl ffname ffstattext filetbl fldinst fname "
    "fontemb fontfile fonttbl formfield ftncn ftnsep ftnsepc generator hlinkbase info keywords latentstyles "
    "levelnumbers leveltext list listlevel listname listoverride listoverridetable listtable listtext manager "
    "nesttableprops nextfile nonesttables operator panose password picprop pn pnseclvl pntext pntxta pntxtb printim "
    "private revtbl revtim rxe stylesheet subject tc template themedata title txe ud userprops xe xmlnstbl"
)
"""Groups whose text is not displayed in the document's body."""
_LEFT_OUT = {
    **dict.fromkeys(("footnote", "annotation"), EventWarning.FOOTNOTE_UNREAD),
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), EventWarning.PAGE_HEADER_UNREAD),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), EventWarning.PAGE_HEADER_UNREAD),
    **dict.fromkeys(("pict", "shppict", "nonshppict"), EventWarning.PICTURE_UNREAD),
    **dict.fromkeys(("object", "objdata", "result"), EventWarning.ATTACHMENT_UNREAD),
    **dict.fromkeys(("do", "shp", "shpinst", "shptxt", "shprslt"), EventWarning.TEXT_BOX_UNREAD),
}
"""Groups whose text is displayed and not read, and their warnings."""
_SIGNS = {
    "emdash": "\u2014",
    "endash": "-",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
    "bullet": "\u2022",
    "lquote": "'",
    "rquote": "'",
    "ldblquote": '"',
    "rdblquote": '"',
    "tab": "\t",
    "~": " ",
    "_": "-",
    "{": "{",
    "}": "}",
    "\\": "\\",
}
_BLOCK_ENDS = code_set("par sect page column pagebb nestcell nestrow")
_STRUCK = code_set("deleted strike striked")
_CODE_PAGES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}


@dataclass(frozen=True, slots=True)
class _State:
    """The state of a group: whether its text is hidden, the warning code of omitted text, the number of fallback
    characters after `\\u`, the character set of its font, and whether it belongs to a table."""

    unseen: bool = False
    left_out: EventWarning | None = None
    struck: EventWarning | None = None
    skip: int = 1
    charset: str = ""
    in_table: bool = False
    fonts: bool = False


_COMMON = code_set(
    "ansi b bullet caps cf cell chcbpat cb deff deflang f fcharset fi fnil froman fs fswiss highlight i intbl lang li "
    "line ltrch ltrpar margl margr nosupersub par pard plain qc qj ql qr ri row rtf rtlch s sa sb sl slmult strike sub "
    "super tab trowd tx u uc ul ulnone v viewkind widowctrl"
)
"""Frequent control words of word processors, in addition to those above."""
_CUT = re.compile(r"\\([a-zA-Z]*)\Z")
_LETTERS = re.compile(r"[a-zA-Z]*")


def join_pieces(pieces: Sequence[str]) -> str:
    """Join a document that was split into pieces, at line ends or anywhere, even within a control word."""
    joined = [pieces[0]]
    for before, after in pairwise(pieces):
        cut = _CUT.search(before[-40:])
        rest = _LETTERS.match(after)
        word = f"{cut[1]}{rest[0]}" if cut and rest else ""
        whole = cut is None or word in _COMMON or word in _UNSEEN or word in _LEFT_OUT or not after[:1].isalpha()
        joined += [after] if whole else ["\n", after]
    return "".join(joined)


def is_rtf(document: str) -> bool:
    """Whether the text is an RTF document."""
    return bool(_START.match(document[:64]))


def read_rtf(document: str) -> tuple[str, tuple[EventWarning, ...]]:
    """The text of one or several consecutive documents, and warnings that name omitted parts.

    Non-ASCII bytes must be given as Latin-1 characters. Refuses text that is not RTF.
    """
    if not is_rtf(document):
        raise UnsupportedTextError("the text is not an RTF document")
    reader = _Reader()
    reader.read(document)
    return reader.layout.text(), tuple(reader.warnings)


class _Reader:
    def __init__(self) -> None:
        self.layout = Layout()
        self.warnings: dict[EventWarning, None] = {}
        self._state = _State()
        self._stack: list[_State] = []
        self._letters = Letters("cp1252")
        self._fonts: dict[str, str] = {}
        self._font = ""
        self._starred = False
        self._pending_skip = 0

    def read(self, document: str) -> None:
        position = 0
        end = len(document)
        while position < end and (match := _TOKEN.match(document, position)):
            position = match.end()
            word, number, byte, sign, brace, words = match.groups()
            if word:
                position += self._word(word, number)
            elif byte:
                self._byte(int(byte, 16))
            elif sign:
                self._sign(sign)
            elif brace:
                self._brace(brace)
            elif words:
                self._plain(words)
        self._flush()
        if self._stack:
            self.warnings[EventWarning.MARKUP_DAMAGED] = None
        if self._letters.damaged:
            self.warnings[EventWarning.UNDECODABLE_CHARACTER] = None

    def _brace(self, brace: str) -> None:
        self._flush()
        self._pending_skip = 0
        self._starred = False
        if brace == "{":
            self._stack.append(self._state)
        elif self._stack:
            self._state = self._stack.pop()
            if not self._stack:
                # After the document's group comes another document, or appended text.
                self.layout.block_end()
                self._state = _State()

    def _plain(self, words: str) -> None:
        words = words.replace("\r", "").replace("\n", "") if self._stack else words
        if self._pending_skip:
            skipped = min(self._pending_skip, len(words))
            self._pending_skip -= skipped
            words = words[skipped:]
        if words and self._letters.waiting:
            words = self._letters.complete(words)
        if words:
            self._flush()
            self._write(words)

    def _byte(self, value: int) -> None:
        if self._pending_skip:
            self._pending_skip -= 1
        elif not self._state.unseen:
            self._letters.byte(value, self._state.charset)

    def _sign(self, sign: str) -> None:
        self._flush()
        if sign == "*":
            self._starred = True
        elif sign in "\r\n":
            self._block_end()
        elif sign in _SIGNS:
            self._write(_SIGNS[sign])

    def _word(self, word: str, number: str | None) -> int:
        """Follow a control word. Returns the number of characters after it that are raw data."""
        starred, self._starred = self._starred, False
        if word == "u":
            self._unicode(int(number or 0))
            return 0
        self._flush()
        self._pending_skip = 0
        if word == "bin":
            return max(0, int(number or 0))
        if self._enter(word, starred=starred):
            return 0
        if word in _BLOCK_ENDS:
            self._block_end()
        elif word in ("line", "softline"):
            self._line_end()
        elif word in _SIGNS:
            self._write(_SIGNS[word])
        elif word in ("cell", "row"):
            self._table(word)
        else:
            self._format(word, number)
        return 0

    def _enter(self, word: str, *, starred: bool) -> bool:
        """Whether the word begins a group without text."""
        if word in _LEFT_OUT:
            self._state = replace(self._state, left_out=self._state.left_out or _LEFT_OUT[word])
            if word in ("pict", "object"):
                self._warn_left_out()
        elif word in _UNSEEN or (starred and word not in ("shppict", "nonesttables")):
            self._state = replace(self._state, unseen=True, fonts=self._state.fonts or word == "fonttbl")
        else:
            return False
        return True

    def _format(self, word: str, number: str | None) -> None:
        state = self._state
        on = number != "0"
        if word == "uc":
            self._state = replace(state, skip=max(0, int(number or 1)))
        elif word == "v":
            self._state = replace(state, struck=EventWarning.HIDDEN_TEXT if on else None)
        elif word in _STRUCK:
            self._state = replace(state, struck=EventWarning.STRUCK_TEXT if on else None)
        elif word == "plain":
            self._state = replace(state, struck=None, charset="")
        elif word == "intbl":
            self._state = replace(state, in_table=True)
        elif word == "pard":
            self._state = replace(state, in_table=False)
        elif word == "f":
            self._font = number or ""
            self._state = replace(state, charset="" if state.fonts else self._fonts.get(self._font, ""))
        elif word == "fcharset" and state.fonts:
            self._fonts[self._font] = CHARSETS.get(int(number or 0), "")
        elif word == "ansicpg":
            self._letters.charset = _code_page(number or "") or self._letters.charset
        elif word in _CODE_PAGES:
            self._letters.charset = _CODE_PAGES[word]

    def _unicode(self, value: int) -> None:
        self._pending_skip = self._state.skip
        if not self._state.unseen:
            self._letters.unit(value % 0x10000)

    def _table(self, word: str) -> None:
        if self._is_written():
            (self.layout.cell_end if word == "cell" else self.layout.row_end)()

    def _block_end(self) -> None:
        if self._is_written():
            self.layout.block_end()

    def _line_end(self) -> None:
        if self._is_written():
            self.layout.line_end()

    def _is_written(self) -> bool:
        return not (self._state.unseen or self._state.left_out)

    def _flush(self) -> None:
        if words := self._letters.take():
            self._write(words)

    def _write(self, words: str) -> None:
        if self._state.unseen:
            return
        if self._state.left_out or self._state.struck:
            if words.strip():
                self._warn_left_out()
            return
        if self._state.in_table and not self.layout.in_row() and words.strip():
            self.layout.row_start()
        self.layout.words(words, verbatim=not self._stack or words == "\t")

    def _warn_left_out(self) -> None:
        if code := self._state.left_out or self._state.struck:
            self.warnings[code] = None


def _code_page(number: str) -> str:
    try:
        return codecs.lookup("utf-8" if number == "65001" else f"cp{number}").name
    except LookupError:
        return ""
