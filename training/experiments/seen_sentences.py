"""Sentences of a report that occur in training data, and the part of a graph within them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from training.data.held_out import bare
from training.documents import Document, Span
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import tokenize

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence by the numbers of its words (as `text.split()` gives them, both ends included), and its words in small
    letters without punctuation."""

    first: int
    last: int
    words: Words


def sentences_of(text: str) -> list[Sentence]:
    """The sentences of a text."""
    return list(_sentences(text))


def known_sentences(reports: Iterable[str]) -> set[Words]:
    """The words of every sentence of the reports, without headings."""
    return {one.words for report in reports for one in _sentences(bare(report))}


def share_seen(sentences: Collection[Sentence], known: Collection[Words]) -> float:
    """The share of known sentences; 0 if there are none."""
    return sum(one.words in known for one in sentences) / len(sentences) if sentences else 0.0


def within(document: Document, sentences: Iterable[Sentence]) -> Document:
    """The spans within one of the sentences, and the relations between them."""
    inside = {number for one in sentences for number in range(one.first, one.last + 1)}
    spans = {span: label for span, label in document.spans.items() if _inside(span, inside)}
    kept = tuple(edge for edge in document.relations if edge[0] in spans and edge[2] in spans)
    return Document(document.tokens, spans, kept)


def _inside(span: Span, inside: Collection[int]) -> bool:
    return span[0] in inside and span[1] in inside


def _sentences(text: str) -> Iterable[Sentence]:
    word_at: dict[int, int] = {}
    at = 0
    for number, word in enumerate(text.split()):
        at = text.index(word, at)
        word_at |= dict.fromkeys(range(at, at + len(word)), number)
        at += len(word)
    for tokens in split_sentences(text, tokenize(text)):
        words = tuple(token.lower for token in tokens if token.text[0].isalnum())
        yield Sentence(word_at[tokens[0].start], word_at[tokens[-1].start], words)
