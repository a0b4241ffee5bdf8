"""The page of errors: each reader's differences from the gold, by sentence. It contains text of reports."""

from collections.abc import Iterator, Mapping
from html import escape

from training.documents import Document, Edge
from training.experiments.seen_sentences import Sentence, sentences_of, within

_HEAD = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Errors of readers</title><style>'
    "body{font:15px/1.4 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "li{margin:.2em 0}.missed{color:#a00}.added{color:#060}p{margin:1.2em 0 .2em}"
    "</style><h1>Errors of readers</h1><p>Missed: in the gold, not read. Added: read, not in the gold. "
    "This page quotes reports; it is to be kept as they are.</p>"
)


def errors_page(gold: Mapping[str, Document], read: Mapping[str, Mapping[str, Document]]) -> str:
    """HTML: sentences that a reader reads differently, with missed and added facts."""
    return _HEAD + "".join(part for key, truth in gold.items() for part in _report(key, truth, _of(read, key)))


def said_of(document: Document) -> set[str]:
    """A graph as lines: each span with its label, each relation with both ends."""
    spans = {f"{document.words(span)} [{label}]" for span, label in document.spans.items()}
    return spans | {_line(document, edge) for edge in document.relations}


def _report(key: str, truth: Document, read: Mapping[str, Document]) -> Iterator[str]:
    yield f"<h2>{escape(key)}</h2>"
    for sentence in sentences_of(" ".join(truth.tokens)):
        wrong = [part for who, one in read.items() for part in _errors(who, sentence, truth, one)]
        if wrong:
            words = escape(" ".join(truth.tokens[sentence.first : sentence.last + 1]))
            yield f"<p><b>{words}</b></p><ul>{''.join(wrong)}</ul>"


def _errors(who: str, sentence: Sentence, truth: Document, read: Document) -> Iterator[str]:
    wanted, found = (said_of(within(one, [sentence])) for one in (truth, read))
    for name, lines in (("missed", wanted - found), ("added", found - wanted)):
        for line in sorted(lines):
            yield f'<li class="{name}">{escape(who)} {name}: {escape(line)}</li>'


def _line(document: Document, edge: Edge) -> str:
    head, kind, tail = edge
    return f"{document.words(head)} {kind} {document.words(tail)}"


def _of(read: Mapping[str, Mapping[str, Document]], key: str) -> dict[str, Document]:
    return {who: documents[key] for who, documents in read.items()}
