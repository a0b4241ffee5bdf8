"""Reads collections of reports: an archive of Open-i, and a feed of HL7 v2 messages."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from defusedxml import ElementTree

from ingest.errors import MessageRefusedError
from ingest.formats import openi
from ingest.formats.hl7 import parser as hl7
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from vlmkg.domain import is_chest_radiograph
from vlmkg.reading.sections import find_sections
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import tokenize

Sentence = tuple[str, ...]


class Report(NamedTuple):
    """A report of Open-i: its id, findings and impression joined by a space (some have neither), and its file."""

    name: str
    text: str
    xml: bytes


def open_i(archive: Path) -> dict[str, str]:
    """The texts of an Open-i archive by id."""
    return {report.name: report.text for report in open_i_reports(archive)}


def open_i_reports(archive: Path) -> Iterator[Report]:
    """The reports of an Open-i archive, as they stand there."""
    with tarfile.open(archive) as files:
        for member in files:
            if not member.name.endswith(".xml") or (file := files.extractfile(member)) is None:
                continue
            content = file.read()
            root = ElementTree.fromstring(content)
            parts = {part.get("Label"): part.text or "" for part in root.iter("AbstractText")}
            text = " ".join(parts[name] for name in ("FINDINGS", "IMPRESSION") if parts.get(name))
            yield Report(root.find(".//uId").get("id"), text, content)


def open_i_texts(archive: Path) -> dict[str, str]:
    """The whole reports of an Open-i archive by id, with their headings, as the service receives them."""
    found = {}
    for report in open_i_reports(archive):
        try:
            message = openi.parse(report.xml, Origin(source="openi"))
        except MessageRefusedError:
            continue
        found[report.name] = message.studies[0].reports[0].text
    return found


def hl7_texts(feed: Path, *, chest: bool) -> list[str]:
    """The distinct report texts of a feed (a .jsonl with key `raw`): those of chest radiographs, or all others."""
    texts: dict[str, None] = {}
    for line in feed.read_text(encoding="utf-8").splitlines():
        try:
            message = hl7.parse(json.loads(line)["raw"].encode(), Origin(source="feed"), FormatSettings())
        except MessageRefusedError:
            continue
        for study in message.studies:
            for report in study.reports:
                is_chest = is_chest_radiograph(study.modality, study.body_part, study.procedure, report.text)
                if is_chest is chest:
                    texts[report.text] = None
    return list(texts)


def sentence_words(text: str) -> list[Sentence]:
    """The sentences of a text without headings, as lower-case words."""
    return [tuple(token.lower for token in part) for part in split_sentences(text, tokenize(text))]


def read_sentence_words(text: str) -> list[Sentence]:
    """The sentences of those sections of a text that are read, as lower-case words."""
    return [
        tuple(token.lower for token in part)
        for section in find_sections(text)
        for part in split_sentences(text, tokenize(text, section.start, section.end))
    ]
