"""Choices of a form: "Effusion: yes / no" states nothing, "Effusion: yes / no -> no" is answered."""

import re
from collections.abc import Iterator

from vlmkg.reading.rules.forms.rewriting import BREAK, Rewrite
from vlmkg.reading.rules.forms.titles import LONGEST_TITLE, names_finding

_OPEN = re.compile(
    r"\{[^{}\n]{0,80}[/|][^{}\n]{0,80}\}|\[[^\[\]\n]{0,80}\w[ \t]{0,12}[/|][ \t]{0,12}\w[^\[\]\n]{0,80}\]"
    r"|<[^<>\n]{0,60}[/|][^<>\n]{0,60}>"
    r"|(?<=[:=])[ \t]{0,12}none[ \t]{0,12}/[ \t]{0,12}(?:small|mild)[ \t]{0,12}/[\w /]{3,30}"
    r"(?:[ \t]{0,4}\((?:circle|tick|delete|select|choose)[^()\n]{0,30}\))?(?=[ \t]{0,12}(?:$|[.,;\n]))",
    re.IGNORECASE,
)
_STATE_WORDS = (
    r"(?:normal|abnormal|clear|unremarkable|stable|unchanged|changed|increased|decreased|enlarged|present|absent"
    r"|none|no|yes|intact|not seen|seen|mild|moderate|severe|small|large|trace|borderline|hazy|opaque|widened"
    r"|distended|raised|blunted|free)"
)
_BRACKETED = re.compile(
    rf"\([ \t]{{0,4}}(?=[^()\n]{{0,60}}?\b(?:normal|clear|unremarkable|intact|none|no|absent|free)\b)"
    rf"{_STATE_WORDS}(?:[ \t]{{0,4}}[/|][ \t]{{0,4}}{_STATE_WORDS}){{1,6}}[ \t]{{0,4}}\)",
    re.IGNORECASE,
)
"""A choice that nobody made, in round brackets: "(normal/enlarged)"."""
_SLASH = r"[ \t]{0,4}/[ \t]{0,4}"
_BOTH = "|".join(
    rf"{one}{_SLASH}{other}"
    for pair in (("yes", "no"), ("y", "n"), ("present", "absent"), ("normal", "abnormal"), ("positive", "negative"))
    for one, other in (pair, pair[::-1])
)
"""An answer and its opposite."""
_EITHER = re.compile(
    rf"(?<![\w/(\[<{{])(?:{_BOTH})(?![\w/])"
    r"(?:[ \t]{0,4}\((?:please )?(?:circle|tick|delete|select|choose)[^()\n]{0,30}\))?",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    rf"[ \t]{{0,12}}[:=]?[ \t]{{0,12}}\(?(?<!\w)(?:{_BOTH})\)?[ \t]{{0,12}}(?:-+>|=+>|\u2192|[:=])[ \t]{{0,12}}"
    r"(?:(?P<no>no|n|absent|none|nil|negative)\b|(?P<yes>yes|y|present|positive)\b"
    r"(?P<more>[ \t]{0,12}[-,(\u2013](?=[ \t]{0,4}\w))?|(?=\w))",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:please )?(?:circle|tick|delete|select|choose)(?: one| which(?:ever)? applies"
    r"| (?:as|where|if) (?:appropriate|applicable|necessary))?[ \t]{0,4}:"
    r"[^.;/\n\[(\u2610-\u2612]{0,60}/[^.;\n\[(]{0,80}",
    re.IGNORECASE,
)
"""What the person who fills in the form is told to choose from."""
_LABEL = re.compile(r"\((?:y/n|0/1|yes/no|\+/-)\)", re.IGNORECASE)
_TITLED = re.compile(r"[:=][ \t]{0,12}$")


def choices(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """Choices with their answers as titles with answers; choices that nobody made set aside, with their titles."""
    if text.find("/", start, end) < 0 and text.find("|", start, end) < 0:
        return
    for match in _ANSWERED.finditer(text, start, end):
        yield Rewrite(*match.span(), _said(match))
    yield from (Rewrite(*match.span(), BREAK, aside=True) for match in _ORDER.finditer(text, start, end))
    for pattern in (_OPEN, _BRACKETED, _EITHER):
        for match in pattern.finditer(text, start, end):
            near = max(start, match.start() - LONGEST_TITLE)
            title = max([near, *(text.rfind(mark, near, match.start()) + 1 for mark in "\n.;,|")])
            titled = pattern is _EITHER or _TITLED.search(text, title, match.start()) is not None
            titled = titled and names_finding(text[title : match.start()])
            yield Rewrite(title if titled else match.start(), match.end(), BREAK if titled else "", aside=True)


def choice_labels(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """Without the "(Y/N)" between a title and its answer."""
    yield from (Rewrite(*match.span(), "") for match in _LABEL.finditer(text, start, end))


def _said(match: re.Match[str]) -> str:
    if match["no"]:
        return f": none {BREAK}"
    return f": present {BREAK}" if match["yes"] and not match["more"] else ":"
