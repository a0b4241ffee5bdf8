"""HTML and XHTML as plain text. libxml2 parses any bytes in linear time and loads no other file."""

import re
from collections.abc import Mapping

from lxml import etree

from ingest.event_warnings import EventWarning
from ingest.formats.code_sets import code_set
from ingest.formats.markup.layout import Layout

_BLOCKS = code_set(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary table tbody "
    "tfoot thead ul optgroup"
)
_UNSEEN = code_set("head script style template title datalist param")
"""Elements whose text is not displayed."""
_LEFT_OUT = {
    **dict.fromkeys(("del", "s", "strike"), EventWarning.STRUCK_TEXT),
    **dict.fromkeys(("select", "textarea"), EventWarning.FORM_UNREAD),
    **dict.fromkeys(("object", "svg", "math", "video", "audio", "canvas", "iframe"), EventWarning.ATTACHMENT_UNREAD),
}
"""Elements whose text is not part of the report, and their warnings."""
_EMPTY = {
    "embed": EventWarning.ATTACHMENT_UNREAD,
    "img": EventWarning.PICTURE_UNREAD,
    "image": EventWarning.PICTURE_UNREAD,
    "input": EventWarning.FORM_UNREAD,
}
_VOID = code_set("area base br col embed hr img input link meta param source track wbr image frame")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_STRUCK = re.compile(r"text-decoration[a-z-]*\s*:[^;]*line-through", re.IGNORECASE)
_VERBATIM = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_BREAKS = re.compile(r"<\s*/?\s*(?:br|p|div|li|tr|td|h[1-6]|pre|table|ul|ol|dd|dt)\b", re.IGNORECASE)


def read_html(document: str) -> tuple[str, tuple[EventWarning, ...]]:
    """The text of a document or a fragment, and warnings that name omitted parts."""
    target = _Words(verbatim=not _BREAKS.search(document))
    parser = etree.HTMLParser(target=target, encoding="utf-8")
    parser.feed(document.encode("utf-8", "replace"))
    parser.close()
    if document.rfind("<!--") > document.rfind("-->"):
        target.warnings[EventWarning.MARKUP_DAMAGED] = None
    return target.layout.text(), tuple(target.warnings)


class _Words:
    """A target of the parser. `verbatim`: line ends of the source count, because it has no tags for them."""

    def __init__(self, *, verbatim: bool) -> None:
        self.layout = Layout()
        self.warnings: dict[EventWarning, None] = {}
        self._verbatim = int(verbatim)
        self._open: list[tuple[str, int, bool]] = []
        """Elements that are open: their name, whether they hold words as they stand, and whether they are left out."""
        self._skipped = 0

    def start(self, tag: str | bytes, attrib: dict[str | bytes, str | bytes]) -> None:
        attributes = {str(key): str(value) for key, value in attrib.items()}
        name = _local(tag)
        style = attributes.get("style", "")
        skipped = self._warn_left_out(name, attributes, style)
        verbatim = int(name in ("pre", "textarea") or bool(_VERBATIM.search(style)))
        if name not in _VOID:
            self._open.append((name, verbatim, skipped))
            self._skipped += skipped
            self._verbatim += verbatim
        if not self._skipped:
            self._boundary(name, opens=True)

    def end(self, tag: str | bytes) -> None:
        name = _local(tag)
        if name in _VOID or not self._open:
            return
        _, verbatim, skipped = self._open.pop()
        if not self._skipped:
            self._boundary(name, opens=False)
        self._verbatim -= verbatim
        self._skipped -= skipped

    def data(self, data: str | bytes) -> None:
        if not self._skipped:
            self.layout.words(str(data), verbatim=bool(self._verbatim))

    def comment(self, text: str | bytes) -> None:
        """Comments are not displayed."""

    def close(self) -> None:
        """The layout holds what was read."""

    def _warn_left_out(self, name: str, attributes: Mapping[str, str], style: str) -> bool:
        """Whether the text of the element is omitted."""
        if self._skipped or name in _UNSEEN:
            return name in _UNSEEN
        code = _LEFT_OUT.get(name) or _EMPTY.get(name)
        if not code and ("hidden" in attributes or _HIDDEN.search(style)):
            code = EventWarning.HIDDEN_TEXT
        if not code and _STRUCK.search(style):
            code = EventWarning.STRUCK_TEXT
        if code and not (name == "input" and attributes.get("type", "").lower() in ("hidden", "button", "submit")):
            self.warnings[code] = None
        return bool(code) and name not in _VOID

    def _boundary(self, name: str, *, opens: bool) -> None:
        if name == "br":
            if opens:
                self.layout.line_end()
        elif name == "tr":
            (self.layout.row_start if opens else self.layout.row_end)()
        elif name in ("td", "th"):
            if not opens:
                self.layout.cell_end()
        elif name in _BLOCKS:
            self.layout.block_end()


def _local(tag: str | bytes) -> str:
    return str(tag).rpartition(":")[2].lower()
