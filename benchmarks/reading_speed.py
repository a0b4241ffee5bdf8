"""Reading speed by stage, and of medSpaCy's rules on the same reports in the same run."""

import json
import subprocess
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.reports import open_i
from vlmkg import validation
from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import OBSERVATIONS
from vlmkg.reading.rules.ellipsis import share_nouns
from vlmkg.reading.rules.engine import RulesEngine
from vlmkg.reading.rules.explanations import link_meanings
from vlmkg.reading.rules.labels import label
from vlmkg.reading.rules.non_findings import without_exam_talk
from vlmkg.reading.rules.phrase_relations import read_inside
from vlmkg.reading.rules.phrases import phrases
from vlmkg.reading.rules.presence import mark_presence
from vlmkg.reading.rules.sentence_relations import link
from vlmkg.reading.rules.word_classes import in_context
from vlmkg.reading.sections import find_sections
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import tokenize
from vlmkg.schema import Kind

PEER = Path(__file__).parent / "peers" / "medspacy_rules.py"
PRESENCE = {"OBS-DP": "present", "OBS-U": "uncertain", "OBS-DA": "absent"}
INSTALL = """medSpaCy is not compared: --medspacy names no interpreter that has it. It needs numpy below 2, so an
environment of its own: uv venv /tmp/medspacy && uv pip install --python /tmp/medspacy/bin/python --group bench
and then --medspacy /tmp/medspacy/bin/python"""
WORKED = 20
"""The rules were made on this many gold reports, the first by id: they are no measure of them."""

Spans = dict[tuple[int, int], str]


def speed(arguments: Namespace) -> None:
    """Print reports a second, the share of each stage, and medSpaCy's figures beside them."""
    texts = [text for text in open_i(arguments.reports).values() if text]
    rates = read_twice(texts)
    spent = stages(texts[: arguments.profile_reports])
    for name, seconds in spent.items():
        print(f"  {name:26s} {seconds / spent.total():6.1%}")
    if arguments.medspacy is None:
        print(INSTALL)
        return
    gold = json.loads(arguments.gold.read_text(encoding="utf-8")) if arguments.gold else {}
    spans = [gold_spans(gold[key]) for key in sorted(gold)[WORKED:]]
    answer = ask_peer(arguments.medspacy, texts, spans)
    show_peer(answer, len(texts), rates)
    if gold:
        show_presence(spans, answer["presences"])


def read_twice(texts: list[str]) -> list[float]:
    """Print reports a second of both passes and of validation; returns reports a CPU second of the passes."""
    engine = RulesEngine()
    engine.extract(["No effusion."])
    rates, graphs = [], []
    for name in ("first pass", "sentences known"):
        start, cpu = time.perf_counter(), time.process_time()
        graphs = engine.extract(texts)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        rates.append(len(texts) / cpu)
        print(f"rules, {name:20s} {len(texts) / seconds:7.0f} reports/s {rates[-1]:7.0f} reports a CPU second")
    start = time.perf_counter()
    refused = sum(len(validation.validate(text, graph)[1]) for text, graph in zip(texts, graphs, strict=True))
    rate = len(texts) / (time.perf_counter() - start)
    print(f"validation                  {rate:7.0f} reports/s   {refused} of {relations(graphs)} triplets refused")
    return rates


def relations(graphs: Iterable[Any]) -> int:
    """The number of relations in the graphs."""
    return sum(len(graph.relations) for graph in graphs)


def timed(spent: Counter[str], name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's result; the time is added to `spent[name]`."""
    start = time.perf_counter()
    result = function(*arguments)
    spent[name] += time.perf_counter() - start  # type: ignore[assignment]
    return result


def stages(texts: Iterable[str]) -> Counter[str]:
    """Seconds by stage, without the cache of sentences."""
    spent: Counter[str] = Counter()
    for text in texts:
        for section in timed(spent, "sections", find_sections, text):
            tokens = timed(spent, "tokens", tokenize, text, section.start, section.end)
            for part in timed(spent, "sentences", split_sentences, text, tokens):
                words = tuple(token.lower for token in part)
                units = timed(spent, "labels", lambda w: in_context(without_exam_talk(label(w))), words)
                found, tail = timed(spent, "phrases", phrases, units)
                found = timed(spent, "phrases", share_nouns, found)
                timed(spent, "scope", mark_presence, found, tail)
                edges: list[Any] = []
                parts = timed(spent, "relations", lambda f, e: [read_inside(one, e) for one in f], found, edges)
                before = timed(spent, "relations", link, parts, edges)
                timed(spent, "relations", link_meanings, parts, before, tail, edges)
    return spent


def gold_spans(document: dict[str, Any]) -> tuple[str, Spans]:
    """A gold report's text and the presence of each observation by its span in code points."""
    starts = [0]
    for word in document["text"].split():
        starts.append(starts[-1] + len(word) + 1)
    found = {
        (starts[entity["start_ix"]], starts[entity["end_ix"] + 1] - 1): PRESENCE[entity["label"]]
        for entity in document["entities"].values()
        if entity["label"] in PRESENCE
    }
    return document["text"], dict(sorted(found.items()))


def ask_peer(python: Path, texts: list[str], gold: list[tuple[str, Spans]]) -> dict[str, Any]:
    """medSpaCy's answer; its targets are the observation terms of our lexicon."""
    known = lexicon()
    phrases_ = [" ".join(phrase) for rows in known.phrases.values() for phrase, word in rows if word in OBSERVATIONS]
    request = {
        "texts": texts,
        "targets": [name for name, word in known.words.items() if word in OBSERVATIONS] + phrases_,
        "gold": [{"text": text, "spans": list(spans)} for text, spans in gold],
    }
    done = subprocess.run([python, PEER], input=json.dumps(request), capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def show_peer(answer: dict[str, Any], reports: int, rates: list[float]) -> None:
    """Print medSpaCy's rates, and how many times as fast the rules are by CPU time."""
    for (seconds, cpu), name, rate in zip(answer["passes"], ("first pass", "second pass"), rates, strict=True):
        shown = f"{reports / seconds:7.0f} reports/s {reports / cpu:7.0f} reports a CPU second"
        print(f"medSpaCy {answer['version']}, {name:12s} {shown}: rules {rate * cpu / reports:.0f} times as fast")
    total = sum(answer["shares"].values())
    for name, seconds in answer["shares"].items():
        print(f"  {name:26s} {seconds / total:6.1%}")


def show_presence(gold: list[tuple[str, Spans]], peer: list[list[str]]) -> None:
    """Print how many gold observations each reads with the right presence, over the reports not worked on.

    ConText is given the gold spans. The rules find theirs: `rules, all` counts a span not found as wrong, `found`
    leaves it out.
    """
    right: dict[str, Counter[str]] = {name: Counter() for name in ("ConText", "rules, all", "rules, found")}
    of: dict[str, Counter[str]] = {name: Counter() for name in right}
    graphs = RulesEngine().extract([text for text, _ in gold])
    for (_, spans), said, graph in zip(gold, peer, graphs, strict=True):
        read = {(one.start, one.end): str(one.presence) for one in graph.mentions if one.kind is Kind.OBSERVATION}
        for (span, presence), answer in zip(spans.items(), said, strict=True):
            for name, given in (
                ("ConText", answer),
                ("rules, all", read.get(span, "")),
                ("rules, found", read.get(span)),
            ):
                if given is not None:
                    right[name][presence] += given == presence
                    of[name][presence] += 1
    print("| presence of gold observations | " + " | ".join(PRESENCE.values()) + " | mean |\n| --- |" + " --- |" * 4)
    for name, counts in of.items():
        accuracies = [right[name][presence] / counts[presence] for presence in PRESENCE.values()]
        cells = [f"{one:.3f} ({counts[presence]})" for one, presence in zip(accuracies, PRESENCE.values(), strict=True)]
        print(f"| {name} | " + " | ".join(cells) + f" | {sum(accuracies) / 3:.3f} |")
