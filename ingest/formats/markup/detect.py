"""Distinguishes markup from plain text. "Effusion <5 mm" and "O2 < 90 & stable" are plain text."""

import html
import re

from ingest.formats.markup.cda import is_cda
from ingest.formats.markup.rtf import is_rtf

HTML = "text/html"
RTF = "application/rtf"
CDA = "application/cda+xml"
XML = "application/xml"
PDF = "application/pdf"

_ATTRIBUTES = r"(?:\s+[a-z][a-z0-9:_-]*\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+)){0,64}\s*/?>"
_LONG_TAG = re.compile(
    r"<(?:!doctype\s+html\b[^<>]*>"
    r"|/?(?:html|head|body|br|div|span|strong|font|table|tbody|thead|tr|td|th|ul|ol|li|dl|dt|dd|h[1-6]|hr|img|em|pre|"
    r"blockquote|center|sup|sub|small|big|strike|del|ins|style|script|meta|p)" + _ATTRIBUTES + ")",
    re.IGNORECASE,
)
_SHORT_TAG = re.compile(r"<([biusaq]|tt)" + _ATTRIBUTES, re.IGNORECASE)
_ANY_TAG = re.compile(r"<([a-z_][\w:.-]{2,40})" + _ATTRIBUTES, re.IGNORECASE)
_CLOSING_TAG = re.compile(r"</([a-z_][\w:.-]{2,40})\s*>")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|deg|plusmn|#[0-9]{2,6}|#x[0-9a-f]{2,5});", re.IGNORECASE)
_DECLARATION = re.compile(r"[\s\ufeff]*<\?xml[\s?]")
_NAMESPACE = re.compile(r"<[a-z_][\w:.-]*\s[^<>]*\bxmlns(?::\w+)?\s*=", re.IGNORECASE)
_PROLOGUE = re.compile(r"\A[\s\ufeff]*(?:<\?xml[^>]*>\s*)?(?:<!doctype\s[^<>]*>\s*)?", re.IGNORECASE)
_XHTML = re.compile(r"<(?:\w+:)?(?:html|body|div|p|span|table|ul|ol|br|pre|h[1-6])[\s/>]", re.IGNORECASE)
_ESCAPED_TAG = re.compile(r"&(?:lt|#0*60|#x0*3c);", re.IGNORECASE)


def looks_like(text: str) -> str | None:
    """The media type of a text's markup; None for plain text."""
    if not any(sign in text for sign in "<&{%"):
        return None
    if is_rtf(text):
        return RTF
    if text.lstrip("\ufeff \t\r\n")[:5] == "%PDF-":
        return PDF
    if "<" in text and is_cda(text):
        return CDA
    if _DECLARATION.match(text) or _NAMESPACE.match(text.lstrip()):
        return xml_kind(text)
    return _kind_by_tags(text)


def _kind_by_tags(text: str) -> str | None:
    if has_html_tags(text) or is_escaped_html(text):
        return HTML
    return XML if has_closed_elements(text) else None


def xml_kind(text: str) -> str:
    """The media type of XML by its first element: CDA, XHTML, or unknown XML."""
    if is_cda(text):
        return CDA
    return HTML if _XHTML.match(_PROLOGUE.sub("", text, count=1)) else XML


def has_html_tags(text: str) -> bool:
    """Whether there is an HTML tag. A tag of one letter counts only if it is closed."""
    if _LONG_TAG.search(text):
        return True
    lower = text.lower() if "</" in text else ""
    return any(f"</{match[1].lower()}" in lower for match in _SHORT_TAG.finditer(text)) if lower else False


def has_closed_elements(text: str) -> bool:
    """Whether an element of any name is opened and closed: `<findings>...</findings>`."""
    if "</" not in text:
        return False
    lower = text.lower()
    closed = set(_CLOSING_TAG.findall(lower))
    return bool(closed) and any(match[1] in closed for match in _ANY_TAG.finditer(lower))


def without_entities(text: str) -> str:
    """Plain text that was extracted from HTML, with its remaining entities (`&lt;`, `&nbsp;`) decoded."""
    return html.unescape(text) if "&" in text and _ENTITY.search(text) else text


def is_escaped_html(text: str) -> bool:
    """Whether the text is HTML with escaped tags (`&lt;p&gt;`)."""
    return bool(_ESCAPED_TAG.search(text)) and has_html_tags(html.unescape(text))


def without_escaped_tags(text: str) -> str:
    """HTML with its escaped tags restored; other text unchanged."""
    return html.unescape(text) if not has_html_tags(text) and is_escaped_html(text) else text
