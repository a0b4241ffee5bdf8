"""An HTML page of synthetic texts by family: the text with marked mentions, and its graph."""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from training.labels import mention_label
from training.synthetic.kinds.sample import Sample
from training.synthetic.page import COLOURS, graph_lines

_ASIDE = "#dddddd"
_STYLE = """body{font:14px sans-serif;margin:2em}article{display:grid;grid-template-columns:1fr 1fr;gap:1.5em;
border-top:1px solid #ccc;padding:.5em 0}pre{white-space:pre-wrap;margin:0}mark{padding:0 2px}
code{color:#666;font-size:11px}"""


def write_page(made: Iterable[Sample], path: Path) -> None:
    """Write one self-contained file. Grey text is set aside; its title gives the reason."""
    legend = " ".join(f'<mark style="background:{colour}">{label}</mark>' for label, colour in COLOURS.items())
    body, family = [], ""
    for one in made:
        if one.drawing.template.family != family:
            family = one.drawing.template.family
            body.append(f"<h2>{escape(family)}</h2>")
        body.append(_article(one))
    path.write_text(
        f"<!doctype html><meta charset=utf-8><title>Synthetic texts by kind</title><style>{_STYLE}</style>"
        f"<h1>Synthetic texts by kind</h1><p>No patient's words. {legend} "
        f'<mark style="background:{_ASIDE}">set aside</mark></p>\n' + "\n".join(body) + "\n",
        encoding="utf-8",
    )


def _article(made: Sample) -> str:
    graph = "\n".join(escape(line) for line in graph_lines(made.graph))
    template = made.drawing.template
    return (
        f"<article><div><pre>{_marked(made)}</pre><code>{escape(template.name)} {escape(template.line)}</code></div>"
        f"<pre>{graph}</pre></article>"
    )


def _marked(made: Sample) -> str:
    opens = {one.start: f'<mark style="background:{COLOURS[mention_label(one)]}">' for one in made.graph.mentions}
    closes = {one.end for one in made.graph.mentions}
    aside = {start: reason for start, _, reason in made.aside}
    ends = {end for _, end, _ in made.aside}
    parts = []
    for at in range(len(made.text) + 1):
        parts.append("</mark>" * (at in closes) + "</span>" * (at in ends))
        if at in aside:
            parts.append(f'<span title="{escape(aside[at])}" style="background:{_ASIDE}">')
        parts.append(opens.get(at, ""))
        parts.append(escape(made.text[at : at + 1]))
    return "".join(parts)
