"""medSpaCy's rule pipeline on the texts given on standard input; run by an interpreter that has medSpaCy.

It imports nothing of ours, since medSpaCy needs numpy below 2; `benchmarks.extraction speed --medspacy` starts it.

Input: one JSON object {"texts": [...], "targets": [...], "gold": [{"text", "spans": [[start, end], ...]}, ...]}.
Output: one JSON object {"version", "pipes", "passes": [[seconds, CPU seconds], ...], "shares": {pipe: seconds},
"presences": [[presence, ...], ...]}, the last what ConText says of each gold span.
"""

import json
import sys
import time
from importlib.metadata import version

import medspacy
from loguru import logger
from medspacy.ner import TargetRule
from spacy.language import Language
from spacy.tokens import Doc, Span

PIPES = (
    "medspacy_tokenizer",
    "medspacy_pyrush",
    "medspacy_target_matcher",
    "medspacy_context",
    "medspacy_sectionizer",
)


def pipeline(targets: list[str]) -> Language:
    """medSpaCy's own rules on a blank English model, matching these terms."""
    nlp: Language = medspacy.load(medspacy_enable=PIPES)
    nlp.get_pipe("medspacy_target_matcher").add([TargetRule(term, "FINDING") for term in targets])
    return nlp


def passes(nlp: Language, texts: list[str]) -> list[tuple[float, float]]:
    """Seconds and CPU seconds of two passes over all texts."""
    spent = []
    for _ in range(2):
        start, cpu = time.perf_counter(), time.process_time()
        for _ in nlp.pipe(texts):
            pass
        spent.append((time.perf_counter() - start, time.process_time() - cpu))
    return spent


def shares(nlp: Language, texts: list[str]) -> dict[str, float]:
    """Seconds by component."""
    spent = dict.fromkeys(("tokenizer", *nlp.pipe_names), 0.0)
    for text in texts:
        start = time.perf_counter()
        doc = nlp.make_doc(text)
        spent["tokenizer"] += time.perf_counter() - start
        for name, component in nlp.pipeline:
            start = time.perf_counter()
            doc = component(doc)
            spent[name] += time.perf_counter() - start
    return spent


def presences(nlp: Language, text: str, spans: list[tuple[int, int]]) -> list[str]:
    """What ConText says of these spans (code points) of a text, given to it as its targets."""
    doc: Doc = nlp.get_pipe("medspacy_pyrush")(nlp.make_doc(text))
    found = [doc.char_span(start, end, "FINDING", alignment_mode="expand") for start, end in spans]
    doc.spans["medspacy_spans"] = found
    doc.ents = found
    return [presence(span) for span in nlp.get_pipe("medspacy_context")(doc).ents]


def presence(span: Span) -> str:
    """Denied goes before hedged, as a reader of the attributes would take it."""
    if span._.is_negated:
        return "absent"
    return "uncertain" if span._.is_uncertain else "present"


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    logger.disable("PyRuSH")  # its debugging lines would take most of the time
    nlp = pipeline(request["targets"])
    nlp("No effusion.")
    answer = {
        "version": version("medspacy"),
        "pipes": ["tokenizer", *nlp.pipe_names],
        "passes": passes(nlp, request["texts"]),
        "shares": shares(nlp, request["texts"][:1000]),
        "presences": [presences(nlp, one["text"], one["spans"]) for one in request["gold"]],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
