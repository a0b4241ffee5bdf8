"""The guide for Neo4j Browser: the questions of docs/research.md, each run by one click."""

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

QUESTIONS = Path(__file__).parent / "questions.cypher"
PATH = "/browser/guide.html"
"""Where a server of this project has it."""
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""Any Neo4j Browser may read it: it is the same for everyone and holds no data."""
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "cache-control, pragma",
    "Access-Control-Allow-Methods": "GET",
}
"""The answer to OPTIONS: Browser asks for it with two headers, so a preflight comes first."""


@dataclass(frozen=True, slots=True)
class Question:
    """A title, words about it (maybe none), and the query."""

    title: str
    words: str
    query: str


def read_questions() -> tuple[Question, ...]:
    """The questions of the guide in order: first a picture, then the ten of docs/research.md."""
    parts = re.split(r"^// \d+\. ", QUESTIONS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return tuple(_question(part) for part in parts)


def _question(part: str) -> Question:
    title, *lines = part.strip().splitlines()
    words = [line.removeprefix("// ") for line in lines if line.startswith("// ")]
    return Question(title, " ".join(words), "\n".join(line for line in lines if not line.startswith("// ")))


def guide_html() -> str:
    """The guide, as Browser's `:play ADDRESS` takes it: all questions on one page."""
    return f"""\
<article class='guide'>
<p>The arrow before a query runs it. A click on the query itself copies it to the editor, to be changed.</p>
{"".join(map(_section, read_questions()))}</article>
"""


def _section(question: Question) -> str:
    return f"""\
<h4>{escape(question.title, quote=False)}</h4>
<p>{_marked(question.words)}</p>
<pre mode='cypher' class='code runnable'>{escape(question.query, quote=False)}</pre>
"""


def _marked(words: str) -> str:
    """The words with `code` as HTML."""
    return re.sub(r"`(.*?)`", r"<code>\1</code>", escape(words, quote=False))
