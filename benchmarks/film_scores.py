"""A checkpoint's right and wrong film facts, by minimum score (decision 0163).

python -m benchmarks.film_scores [CHECKPOINT] [--studies 500] [--seed 8000001]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from training.experiments.checkpoint_reader import prefixes_of, vectors
from training.synthetic.facts import drawn_facts
from training.synthetic.studies import Study, studies
from vlmkg.checkpoint.store import Checkpoint, load_checkpoint
from vlmkg.model.decoding.reports import read_films
from vlmkg.numbered_tokens import Label

LEAST = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def main() -> None:
    """Read the films and print one row per threshold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", type=Path, default=Path("checkpoints/small"))
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--seed", type=int, default=8_000_001)
    arguments = parser.parse_args()
    made = list(studies(arguments.seed, arguments.studies, films=1.0))
    drawn = [{name for name, _ in drawn_facts(study.facts or ())} for study in made]
    said = scored(load_checkpoint(arguments.checkpoint), made)
    print(f"{len(made)} phantoms, {sum(map(len, drawn))} facts drawn")
    print("least score  right of said  said of drawn  wrong")
    for least in LEAST:
        kept = [{name for name, score in one.items() if score >= least} for one in said]
        right = sum(len(one & there) for one, there in zip(kept, drawn, strict=True))
        all_said = sum(map(len, kept))
        share = right / all_said if all_said else 1.0
        print(f"{least:11.2f}  {share:13.3f}  {right / sum(map(len, drawn)):13.3f}  {all_said - right:5d}")
    print("facts of a film  films  said of drawn, whatever the score")
    for number in range(1, max(map(len, drawn)) + 1):
        pairs = [(set(one), there) for one, there in zip(said, drawn, strict=True) if len(there) == number]
        found = sum(len(one & there) for one, there in pairs)
        print(f"{number:15d}  {len(pairs):5d}  {found / max(1, number * len(pairs)):13.3f}")


def scored(checkpoint: Checkpoint, made: Sequence[Study]) -> list[dict[str, float]]:
    """By film, the names read as present, each with its score."""
    network = checkpoint.network
    prefixes = prefixes_of(checkpoint, vectors(checkpoint, made))
    found = read_films(network.language_model, checkpoint.codec, prefixes)
    return [{name: score for name, label, score in one.film if label == Label.PRESENT} for one in found]


if __name__ == "__main__":
    main()
