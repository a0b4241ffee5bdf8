"""Stops that end an abbreviation and no sentence ("Rt. apical"), and contractions typed wrongly ("is'nt")."""

import re
from collections.abc import Iterator

from vlmkg.reading.rules.forms.rewriting import Rewrite

_SIDE = re.compile(
    r"(?<![A-Za-z.])(?<!on )(?<!the )(?:[RL]t|[RL]|bilat"
    r"|bilatl)(\.)(?=[ \t]{0,12}[A-Za-z])(?![ \t]{0,12}[A-Z]\.)",
    re.IGNORECASE,
)
_NEW_SENTENCE = re.compile(r"[ \t]{1,12}[A-Z][a-z]")
_ADJECTIVE = re.compile(
    r"(?<![A-Za-z.])(?:lat|ant|post|sup|inf|med|abd|prev|prob|poss|mod|susp|incr|decr|sl|min|sm|lg|pulm|approx"
    r"|evid|assoc|resp|adj"
    r"|atel|consol|infil|infilt|opac|eff|effs|mediast|interst|bronch|pl|card|calc|degen|diff|hemidiaph|pneumo"
    r"|unch|chr|ac|subseg|bibas|basil)"
    r"(\.)(?=[ \t]{1,12}[a-z(]|[ \t]{0,12},)"
)
_BRACKETED_SIDE = re.compile(r"(\()(?:[RL]t?|bilat|left|right)(\))(?=[ \t]{1,4}[A-Za-z])", re.IGNORECASE)
_CONTRACTION = re.compile(
    r"\b(is|are|was|were|does|do|did|has|have|had|could|would|should|ca)['\u2019`\u00b4]nt\b"
    r"|\b(is|are|was|were|does|do|did|has|have|had|could|would|should)n;t\b",
    re.IGNORECASE,
)


def abbreviations(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """Abbreviations without their stops, sides without brackets ("(L) effusion"), contractions as two words."""
    for match in _SIDE.finditer(text, start, end):
        if not (text[max(0, match.start() - 2) : match.start()] == ", " and _NEW_SENTENCE.match(text, match.end())):
            # In "nodule, R. Small effusion" the stop ends the sentence.
            yield Rewrite(*match.span(1), "")
    yield from (Rewrite(*match.span(1), "") for match in _ADJECTIVE.finditer(text, start, end))
    for match in _BRACKETED_SIDE.finditer(text, start, end):
        yield from (Rewrite(*match.span(group), "") for group in (1, 2))
    for match in _CONTRACTION.finditer(text, start, end):
        verb = (match.group(1) or match.group(2)).lower()
        yield Rewrite(*match.span(), "cannot" if verb == "ca" else f"{verb} not")
