"""A page of synthetic studies: film, report with marked mentions, and graph, side by side."""

import base64
import textwrap
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.labels import mention_label
from training.synthetic.dicom import FilmFormat, film_file
from training.synthetic.facts import film_facts
from training.synthetic.studies import Study
from vlmkg.schema import ReportGraph

COLOURS = {"A": "#cfe3ff", "P": "#c9f0cf", "U": "#ffe9b0", "N": "#f6cccc"}
"""Anatomy blue; observations present green, uncertain yellow, absent red."""
_STYLE = """body{font:14px sans-serif;margin:2em}article{display:grid;grid-template-columns:260px 1fr 1fr;gap:1.5em;
border-top:1px solid #999;padding:1em 0}img{width:256px}mark{padding:0 2px}pre{white-space:pre-wrap;margin:0}"""
_LETTERS = {"modify": "m", "located_at": "@", "suggestive_of": "s"}
_ROW, _WIDTH = 300, 1500


def write_html(made: Sequence[Study], path: Path) -> None:
    """Write one self-contained file."""
    legend = " ".join(f'<mark style="background:{colour}">{label}</mark>' for label, colour in COLOURS.items())
    body = "\n".join(_article(study) for study in made)
    path.write_text(
        f"<!doctype html><meta charset=utf-8><title>Synthetic studies</title><style>{_STYLE}</style>"
        f"<h1>Synthetic studies</h1><p>Synthetic: not the words or film of any patient. {legend}</p>\n{body}\n",
        encoding="utf-8",
    )


def write_picture(made: Sequence[Study], path: Path) -> None:
    """Write the same as one PNG, with one row per study."""
    picture = Image.new("RGB", (_WIDTH, _ROW * len(made)), "white")
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(13)
    for number, study in enumerate(made):
        top = number * _ROW
        if study.facts is not None:
            picture.paste(Image.fromarray(np.round(study.film() * 255).astype(np.uint8)), (10, top + 10))
        pen.multiline_text((280, top + 8), _left_column(study), fill="black", font=font)
        pen.multiline_text((860, top + 8), _wrapped(" ; ".join(graph_lines(study.graph)), 84), fill="black", font=font)
        pen.line((0, top + _ROW - 1, _WIDTH, top + _ROW - 1), fill="grey")
    picture.save(path)


def graph_lines(graph: ReportGraph) -> list[str]:
    """One line per mention: its words, label and relations."""
    return [
        f"{one.text}/{mention_label(one)}"
        + "".join(
            f" {_LETTERS[edge.type]}>{graph.mentions[edge.tail].text}" for edge in graph.relations if edge.head == at
        )
        for at, one in enumerate(graph.mentions)
    ]


def fact_lines(study: Study) -> list[str]:
    """One line per fact: its kind, its source, whether it is true and drawn; then the film-only facts."""
    lines = [
        f"{fact.film_name} {fact.zone} {fact.size}: {fact.told}{'' if fact.true else ', not so'}"
        f"{'' if fact.drawn else ', not drawn'}"
        for fact in study.facts or ()
    ]
    only = ", ".join(f"{name} {label}" for name, label in film_facts(study.facts or ()))
    return [*lines, f"from the film: {only}"] if only else lines


def _article(study: Study) -> str:
    image = ""
    if study.facts is not None:
        png = film_file(study.film(), FilmFormat.PNG8, study.study_id, study.patient_id)
        image = f'<img alt="phantom film" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    facts = "".join(f"<li>{escape(line)}" for line in fact_lines(study))
    graph = "\n".join(escape(line) for line in graph_lines(study.graph))
    return (
        f"<article><div>{image}<p>{escape(study.study_id)}</p></div>"
        f"<div><pre>{_marked(study)}</pre><ul>{facts}</ul></div><pre>{graph}</pre></article>"
    )


def _marked(study: Study) -> str:
    parts, position = [], 0
    for one in study.graph.mentions:
        parts.append(escape(study.text[position : one.start]))
        parts.append(f'<mark style="background:{COLOURS[mention_label(one)]}">{escape(one.text)}</mark>')
        position = one.end
    return "".join([*parts, escape(study.text[position:])])


def _left_column(study: Study) -> str:
    report = "\n".join(_wrapped(line, 78) for line in study.text.splitlines())
    return f"{study.study_id}\n{report}\n\n" + "\n".join(_wrapped(line, 78) for line in fact_lines(study))


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width)) or text
