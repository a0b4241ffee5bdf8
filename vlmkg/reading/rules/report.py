"""Read one report: its sections, their sentences, and what a sentence takes from the one before."""

from vlmkg.reading.rules.forms.plain import plain_tokens
from vlmkg.reading.rules.labels import joins
from vlmkg.reading.rules.sentence import SentenceGraph, SentenceMention, read_sentence
from vlmkg.reading.sections import find_sections
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import Token
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph

_DASHES = frozenset({"-", "\u2013", "\u2014"})
_DASHES_IN_TEXT = (" -", "- ", "\u2013", "\u2014")


def read_report(text: str) -> ReportGraph:
    """The graph of one report. Offsets count code points of `text`."""
    return read_with_aside(text)[0]


def read_with_aside(text: str) -> tuple[ReportGraph, tuple[tuple[int, int], ...]]:
    """The graph, and the spans of the words that would be findings if they were not told, sought or advised."""
    aside: list[tuple[int, int]] = []
    mentions: list[Mention] = []
    relations: list[Relation] = []
    dashes = not (" , " in text or " . " in text) and any(one in text for one in _DASHES_IN_TEXT)
    for section in find_sections(text):
        tokens, unstated = plain_tokens(text, section.start, section.end)
        aside += unstated
        sentences = split_sentences(text, tokens)
        graphs = [read_sentence(_words(text, sentence, dashes=dashes)) for sentence in sentences]
        evidence: list[int] = []
        heading: int | None = None
        for number, (sentence, graph) in enumerate(zip(sentences, graphs, strict=True)):
            aside += [(sentence[first].start, sentence[last].end) for first, last in graph.aside]
            following = graphs[number + 1] if number + 1 < len(graphs) else None
            if graph.heading and not (following and following.unplaced and not following.heading):
                continue
            first = len(mentions)
            mentions += [_mention(text, sentence, one, section.name) for one in graph.mentions]
            relations += [Relation(first + head, kind, first + tail) for head, kind, tail in graph.relations]
            relations += _from_before(graph, first, evidence, heading)
            evidence = [first + position for position in graph.evidence] or evidence
            heading = len(mentions) - 1 if graph.heading and graph.mentions else None
    return ReportGraph(tuple(mentions), tuple(relations)), tuple(sorted(aside))


def _words(text: str, sentence: list[Token], *, dashes: bool) -> tuple[str, ...]:
    """The lower-case words of a sentence; a dash between blanks, which begins a statement, as "--".

    `dashes`: the text has such dashes. Where blanks stand around every mark, those around a dash say nothing.
    """
    if not dashes:
        return tuple(token.lower for token in sentence)
    words = [token.lower for token in sentence]
    return tuple(
        "--" if _is_dash(text, token) and not joins(words, index) else token.lower
        for index, token in enumerate(sentence)
    )


def _is_dash(text: str, token: Token) -> bool:
    if token.text not in _DASHES:
        return False
    around = text[token.start - 1 : token.start], text[token.end : token.end + 1]
    blank = all(one.isspace() for one in around if one)
    return blank or (token.text == "\u2014" and not any(one.isdigit() for one in around))


def _mention(text: str, sentence: list[Token], one: SentenceMention, section: str) -> Mention:
    start, end = sentence[one.first].start, sentence[one.last].end
    presence = one.presence if one.kind is Kind.OBSERVATION else Presence.PRESENT
    return Mention(start, end, text[start:end], one.kind, presence, section)


def _from_before(graph: SentenceGraph, first: int, evidence: list[int], heading: int | None) -> list[Relation]:
    """What "this" suggests, and the place that a heading gives to the sentence after it."""
    links = [
        Relation(source, RelationType.SUGGESTIVE_OF, first + position)
        for source in evidence
        for position in graph.waiting
    ]
    if heading is not None:
        links += [Relation(first + position, RelationType.LOCATED_AT, heading) for position in graph.unplaced]
    return links
