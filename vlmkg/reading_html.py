"""A reading as HTML for notebooks: the report's text with its mentions marked.

Each presence has its own sign, line and colour, so that the marks differ without colours, too.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from vlmkg.engine_protocol import ConceptLink, Reading, ReadingWarning
from vlmkg.schema import Kind, Mention, Presence


class _Mark(NamedTuple):
    """The mark of a mention: the sign after it, and CSS."""

    sign: str
    style: str


_ABSENT_STYLE = "background:#dfe7f3;text-decoration:line-through;border-bottom:3px double #33507a;color:#000"
_MARKS = {
    Presence.PRESENT: _Mark("+", "background:#ffd9c7;border-bottom:3px solid #a33b00;color:#000"),
    Presence.UNCERTAIN: _Mark("?", "background:#fff3b8;border-bottom:3px dashed #806600;color:#000"),
    Presence.ABSENT: _Mark("\N{MINUS SIGN}", _ABSENT_STYLE),
}
_ANATOMY = _Mark("", "background:none;border-bottom:2px dotted #777;color:inherit")
_TEXT = "white-space:pre-wrap;line-height:1.9;max-width:60em"
_LEGEND = "font-size:85%;margin-top:.5em"


def html(text: str, reading: Reading, films: Sequence[tuple[str, Reading]], warnings: Sequence[ReadingWarning]) -> str:
    """The text with marks, mentions without a position, the warnings, and a legend. All text is escaped."""
    marked, overlapping = _marked(text, reading)
    parts = [f'<div style="{_TEXT}">{marked}</div>', _list("Inside another mention", overlapping)]
    for name, seen in films:
        marks = [_mark(*each) for each in zip(seen.graph.mentions, seen.links, strict=True)]
        parts.append(_list(f"On the film {_shown(name)}", marks))
    parts += [_list("Warnings", [_warning(one) for one in warnings]), _legend()]
    inner = "".join(parts)
    return f'<div class="vlmkg-reading">{inner}</div>'


def _marked(text: str, reading: Reading) -> tuple[str, list[str]]:
    """The text as HTML, and the marks of mentions that overlap an earlier one."""
    pieces: list[str] = []
    overlapping: list[str] = []
    at = 0
    for mention, link in sorted(zip(reading.graph.mentions, reading.links, strict=True), key=lambda one: one[0].start):
        if mention.start < at:
            overlapping.append(_mark(mention, link))
            continue
        pieces += [_shown(text[at : mention.start]), _mark(mention, link)]
        at = mention.end
    return "".join([*pieces, _shown(text[at:])]), overlapping


def _mark(mention: Mention, link: ConceptLink) -> str:
    is_anatomy = mention.kind is Kind.ANATOMY
    mark = _ANATOMY if is_anatomy else _MARKS[mention.presence]
    said = "anatomy" if is_anatomy else mention.presence.value
    told = [said, f"{link.name} ({link.code})", *([_difference(mention)] if mention.disputed else [])]
    sign = f"<sup>{mark.sign}</sup>" if mark.sign else ""
    title = _shown("; ".join(told))
    attributes = f'class="{said}" title="{title}" style="{mark.style}"'
    return f"<mark {attributes}>{_shown(mention.text)}{sign}</mark>"


def _difference(mention: Mention) -> str:
    other = f": the model reads it {mention.other_presence.value}" if mention.other_presence else ""
    return f"model and rules differ{other}"


def _warning(warning: ReadingWarning) -> str:
    return _shown(f"{warning.reason}: {warning.detail}" if warning.detail else warning.reason)


def _legend() -> str:
    marks = [*((f"{presence.value} {mark.sign}", mark) for presence, mark in _MARKS.items()), ("anatomy", _ANATOMY)]
    shown = " &nbsp; ".join(f'<span style="{mark.style}">{name}</span>' for name, mark in marks)
    return f'<div style="{_LEGEND}">{shown}</div>'


def _list(title: str, lines: Sequence[str]) -> str:
    """Lines of HTML under a title; empty if there are none."""
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f"<div>{title}:<ul>{items}</ul></div>" if lines else ""


def _shown(text: str) -> str:
    """Escaped, with lone surrogates replaced, which can't be encoded."""
    return escape(text.encode("utf-8", "replace").decode())
