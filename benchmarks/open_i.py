"""Reads an archive of Open-i reports."""

import tarfile
from pathlib import Path

from defusedxml import ElementTree

from vlmkg.sentences import split_sentences
from vlmkg.tokens import tokenize


def open_i(archive: Path) -> dict[str, str]:
    """Findings and impression of each report of an Open-i archive, joined by a space; none without text."""
    texts = {}
    with tarfile.open(archive) as files:
        for member in files:
            if not member.name.endswith(".xml") or (file := files.extractfile(member)) is None:
                continue
            root = ElementTree.parse(file).getroot()
            parts = {part.get("Label"): part.text or "" for part in root.iter("AbstractText")}
            text = " ".join(parts[name] for name in ("FINDINGS", "IMPRESSION") if parts.get(name))
            if text:
                texts[root.find(".//uId").get("id")] = text
    return texts


def sentence_words(text: str) -> list[tuple[str, ...]]:
    """The sentences of a text, as lower-case words."""
    return [tuple(token.lower for token in part) for part in split_sentences(text, tokenize(text))]
