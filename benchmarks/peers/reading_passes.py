"""CPU seconds of one source tree's rules; `benchmarks.reading_against` starts it with that tree first on the path.

It imports only what trees of all ages have: `vlmkg.pipeline`.

Input: one JSON object {"tree": folder, "way": "rules" | "pipeline", "warm_up": text, "texts": [...], "part": number}.
Output: one JSON list with a list for each pass: CPU seconds of each `part` texts. The rules make two passes: the second
one finds every sentence in memory. The pipeline (rules, validation, normalisation, warnings) makes one.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import vlmkg
from vlmkg.pipeline import load_engine, read_reports

PASSES = {"rules": 2, "pipeline": 1}


def seconds(read: Callable[[Sequence[str]], Any], texts: Sequence[str], part: int) -> list[float]:
    """CPU seconds for each `part` texts."""
    spent = []
    for start in range(0, len(texts), part):
        begun = time.process_time()
        read(texts[start : start + part])
        spent.append(time.process_time() - begun)
    return spent


def main() -> None:
    """Read the request, read the texts, print the times. Exits with 1 if another tree was imported."""
    asked = json.load(sys.stdin)
    if not Path(vlmkg.__file__).resolve().is_relative_to(Path(asked["tree"]).resolve()):
        sys.exit(f"vlmkg is imported from {vlmkg.__file__}, not from {asked['tree']}")
    engine: Any = load_engine("rules")

    def read(texts: Sequence[str]) -> object:
        return engine.extract(texts) if asked["way"] == "rules" else read_reports(engine, texts)

    read([asked["warm_up"]])
    passes = [seconds(read, asked["texts"], asked["part"]) for _ in range(PASSES[asked["way"]])]
    json.dump(passes, sys.stdout)


if __name__ == "__main__":
    main()
