"""No part of reading takes more than about twice the CPU time for a text of twice the length."""

import time
from collections.abc import Callable

import pytest

from vlmkg.pipeline import load_engine, read_graph, read_reports
from vlmkg.reading.furniture import furniture
from vlmkg.reading.headings import find_headings
from vlmkg.reading.language import set_foreign_aside
from vlmkg.reading.rules.forms.plain import find_rewrites
from vlmkg.reading.rules.report import read_report
from vlmkg.reading.sections import partition
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import tokenize
from vlmkg.report_parts import Part, Stretch

ENGINE = load_engine("rules")
REPEATED = [
    *(" ", "\n", "\r\n", " \n", "\t", ":", ",", ".", "-", "_", "*", "?", "7", "a", "A", "x", "[", "]", "(", ")", "[]"),
    *(". ", "- ", "a, ", "a | ", "a\t", "a-", "Aa ", "l. ", "a.m. ", "isn't ", "FINDINGS:\n", "Findings: ", "Mass\n"),
    *("no effusion, ", "no effusion. ", "mass or ", "mass/", "mass; ", "mass no ", "mass? no ", "mass versus "),
    *(
        "[ ] mass ",
        "[x] mass\n",
        "mass = 0\n",
        "mass ..... no\n",
        "negative: mass, ",
        "neg mass, pos edema, ",
        "{a/b} ",
    ),
    *("+ mass, - edema, ", "0=no, 1=yes, ", "mass period ", "kein Erguss ", "Sample ", "this may represent mass. "),
    *(
        "FINDINGS clear. ",
        "Dictated by: Dr Sample, M.D.\n",
        "Indication: cough? ",
        "Comparison: none. ",
        "\u672a\u89c1. ",
    ),
    *("small left effusion\nno mass in the\n", "the small left effusion is seen in the lung and ", "qzx wvk "),
]
SHORT, LONG = 4_096, 16_384
HARMLESS_S = 0.3
"""CPU seconds of the longer text that delay nobody. Below them, what is kept of the shorter one decides the ratio."""
PARTS: dict[str, Callable[[str], object]] = {
    "headings": find_headings,
    "furniture": lambda text: list(furniture(text)),
    "language": lambda text: set_foreign_aside(text, [Stretch(0, len(text), Part.FINDINGS)]),
    "sections": partition.__wrapped__,
    "forms": lambda text: find_rewrites(text, 0, len(text)),
    "sentences": lambda text: split_sentences(text, tokenize(text)),
    "rules": read_report,
    "relations and normalisation": lambda text: read_graph(text, read_report(text)),
    "pipeline": lambda text: read_reports(ENGINE, [text]),
}


def seconds(part: Callable[[str], object], text: str) -> float:
    """CPU seconds of this thread, the least of two runs."""
    taken = []
    for _ in range(2):
        started = time.thread_time()
        part(text)
        taken.append(time.thread_time() - started)
    return min(taken)


def of_length(repeated: str, length: int) -> str:
    return (repeated * (length // len(repeated) + 1))[:length]


@pytest.mark.parametrize("repeated", REPEATED, ids=repr)
def test_time_grows_with_the_length_of_the_text(repeated: str) -> None:
    for name, part in PARTS.items():
        part(of_length(repeated, 64))
        longer = seconds(part, of_length(repeated, LONG))
        if longer < HARMLESS_S:
            continue
        shorter = seconds(part, of_length(repeated, SHORT))
        assert longer < 2 * LONG / SHORT * shorter, f"{name}: {shorter:.3f} s, then {longer:.3f} s"
        assert longer < 2, name


def test_time_grows_with_nested_brackets() -> None:
    for name, part in PARTS.items():
        for opened, closed in ("[]", "()", "{}", "<>"):
            text = opened * (LONG // 2) + closed * (LONG // 2)
            assert seconds(part, text) < 2, (name, opened)
