"""BLEU and ROUGE-L of the paper's linear form, reported for comparison with the paper. They are not part of the gate.

They measure word overlap of triplet lists. Two baselines beside every figure show how little that means: `neighbours`
lets every entity modify the next one (`w1 modify w2`), without any reading of relations; `shuffled gold` is the gold in
another order. Each report has one reference: the gold graph in the same form.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sacrebleu.metrics.bleu import BLEU

from training.documents import Document, to_graph
from training.rouge import rouge_l
from vlmkg.linearization import SEPARATOR, paper_form

ORDERS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Surface:
    """Corpus BLEU-1..4 (0 to 100; sacrebleu, tokenize=none) and the mean ROUGE-L F-measure (0 to 100)."""

    bleu_1: float
    bleu_2: float
    bleu_3: float
    bleu_4: float
    rouge_l: float


def surface(gold: Sequence[Document], predicted: Sequence[Document]) -> dict[str, Surface]:
    """The row of the prediction and those of the two baselines."""
    references = [paper_form(to_graph(document)) for document in gold]
    return {
        "prediction": compare(references, [paper_form(to_graph(document)) for document in predicted]),
        "neighbours": compare(references, [neighbours(document) for document in gold]),
        "shuffled gold": compare(references, shuffled(references)),
    }


def compare(references: Sequence[str], hypotheses: Sequence[str]) -> Surface:
    """Score hypotheses against one reference each."""
    bleu = [
        BLEU(tokenize="none", max_ngram_order=order, force=True).corpus_score(hypotheses, [references]).score
        for order in ORDERS
    ]
    pairs = zip(references, hypotheses, strict=True)
    rouge = [rouge_l(reference, hypothesis) for reference, hypothesis in pairs]
    return Surface(bleu[0], bleu[1], bleu[2], bleu[3], 100 * sum(rouge) / len(rouge))


def neighbours(document: Document) -> str:
    """`w1 modify w2` for every two consecutive entities of the report."""
    words = [document.words(span) for span in sorted(document.spans)]
    return SEPARATOR.join(f"{a} modify {b}" for a, b in pairwise(words))


def shuffled(references: Sequence[str]) -> list[str]:
    """The references with shuffled triplets, the same at every call."""
    rng = random.Random(0)  # noqa: S311 (a baseline, not a secret)
    out = []
    for reference in references:
        lines = reference.split(SEPARATOR)
        rng.shuffle(lines)
        out.append(SEPARATOR.join(lines))
    return out
