"""The values of a JSON document by their paths, with their places, up to the place where it is no longer JSON."""

import re
from collections.abc import Iterator

from ingest.receiving.inspection.parts import Part, part

_STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_PLAIN = r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null"
_TOKEN = re.compile(rf"[ \t\r\n]*(?:({_STRING})|({_PLAIN})|([{{}}\[\],:]))")
_BLANK = re.compile(r"[ \t\r\n]*")
SYNTAX = "syntax"
_VALUE, _KEY, _COLON, _NEXT = "value", "key", "colon", "next"


def values(text: str) -> Iterator[Part]:
    """Strings, numbers and words: `identifier[0].value`. The last part is `syntax`, a problem, if the text is no JSON.

    Nothing is recursive: depth costs a list entry.
    """
    path: list[str | int] = []
    at, state = 0, _VALUE
    while token := _TOKEN.match(text, at):
        place = token.start(token.lastindex or 0)
        quoted, plain, sign = token[1], token[2], token[3]
        at = token.end()
        if state == _KEY and quoted is not None:
            path[-1], state = quoted[1:-1], _COLON
        elif state == _COLON and sign == ":":
            state = _VALUE
        elif state == _VALUE and (quoted is not None or plain is not None):
            yield part(_written(path), text, place, at)
            state = _NEXT
        elif state == _VALUE and sign in {"{", "["}:
            path.append("" if sign == "{" else 0)
            state = _KEY if sign == "{" else _VALUE
        elif state == _NEXT and sign == "," and path:
            state = _KEY if isinstance(path[-1], str) else _VALUE
            if isinstance(path[-1], int):
                path[-1] += 1
        elif _closes(sign, path, text, place):
            path.pop()
            state = _NEXT
        else:
            at = place
            break
    else:
        if state == _NEXT and not path and not text[at:].strip():
            return
    blank = _BLANK.match(text, at)
    at = blank.end() if blank else at
    yield part(SYNTAX, text, at, _line_end(text, at), problem=True)


def _closes(sign: str | None, path: list[str | int], text: str, place: int) -> bool:
    """Whether the bracket ends what is open: after a value, or at once."""
    if sign not in {"}", "]"} or not path or isinstance(path[-1], str) != (sign == "}"):
        return False
    return text[:place].rstrip(" \t\r\n")[-1:] not in {",", ":"}


def _written(path: list[str | int]) -> str:
    words = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(words).removeprefix(".") or "value"


def _line_end(text: str, at: int) -> int:
    found = re.compile(r"[\r\n]").search(text, at)
    return found.start() if found else len(text)
