"""Small graphs for tests, written as words: labels are RadGraph's (A anatomy; P, U, N present, uncertain, absent)."""

from vlmkg import pipeline
from vlmkg.engine_protocol import Finding, Reading
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph

LABELS = {
    "A": (Kind.ANATOMY, Presence.PRESENT),
    "P": (Kind.OBSERVATION, Presence.PRESENT),
    "U": (Kind.OBSERVATION, Presence.UNCERTAIN),
    "N": (Kind.OBSERVATION, Presence.ABSENT),
}


def graph(marked: str, relations: str = "") -> tuple[str, ReportGraph]:
    """Text and graph of e.g. `"no large/N pleural/A effusion/N"`, `"large modify effusion"`.

    A word ends with `/` and its label; `_` joins the words of one span; relations name mentions by their text, the
    first one of that text.
    """
    text, mentions = "", []
    for part in marked.split():
        word, _, label = part.partition("/")
        word = word.replace("_", " ")
        if label:
            kind, presence = LABELS[label]
            mentions.append(Mention(len(text), len(text) + len(word), word, kind, presence, "findings"))
        text += word + " "
    words = [mention.text for mention in mentions]
    edges = [edge.split() for edge in relations.split(";") if edge.strip()]
    found = [
        Relation(words.index(h.replace("_", " ")), RelationType(t), words.index(o.replace("_", " ")))
        for h, t, o in edges
    ]
    return text.strip(), ReportGraph(tuple(mentions), tuple(found))


def read(marked: str, relations: str = "") -> Reading:
    """The reading of such a graph."""
    return pipeline.read_graph(*graph(marked, relations))


def finding(marked: str, relations: str = "") -> Finding:
    """The only finding of such a graph."""
    (found,) = read(marked, relations).findings
    return found
