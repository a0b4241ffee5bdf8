"""What the recipe of the shipped checkpoint opens: nothing but the project, its libraries, and what it writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.long
PROJECT = Path(__file__).parents[2]
TINY = {
    "name": "tiny",
    "data": {"validation": 2, "chunk": 8, "film_share": 0.5},
    "language_model": {
        "vocabulary": 700,
        "pointers": 256,
        "tokenizer_reports": 40,
        "hidden_size": 32,
        "layers": 1,
        "heads": 2,
        "kv_heads": 1,
        "mlp_width": 48,
    },
    "vision": {"films": 16},
    "projector": {"prefix_length": 2, "clip_length": 2, "layers": 1, "heads": 2},
    "stage0": {"steps": 1, "batch": 4, "evaluate_every": 1},
    "stage1": {"steps": 1, "batch": 4, "evaluate_every": 1},
    "stage2": {"steps": 1, "batch": 4, "evaluate_every": 1, "films_alone": 4},
}
WATCHED = """
import json, os, sys
opened = set()
sys.addaudithook(lambda event, args: opened.add(args[0]) if event == "open" and isinstance(args[0], str) else None)
from vlmkg.cli import main
config, out, found = sys.argv[1:]
for stage in ("stage0", "stage1", "stage2"):
    sys.argv = ["vlmkg", "train", stage, "--config", config, "--out", out]
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
paths = sorted(os.path.realpath(path) for path in opened)
open(found, "w").write(json.dumps(paths))
"""


def test_the_stages_open_no_data_but_what_they_make(tmp_path):
    """Selection, tokenizer and weights rest on synthetic studies: no report of a patient is opened on the way."""
    config, found = tmp_path / "tiny.yaml", tmp_path / "opened.json"
    config.write_text(yaml.safe_dump(TINY))

    subprocess.run(
        [sys.executable, "-c", WATCHED, str(config), str(tmp_path / "run"), str(found)],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )

    opened = [Path(path) for path in json.loads(found.read_text())]
    roots = [PROJECT, tmp_path, Path(sys.prefix), Path(sys.base_prefix), *map(Path, ("/proc", "/sys", "/dev", "/usr"))]
    roots += [Path(path) for path in ("/etc", "/tmp", "/lib", "/var/tmp")]
    roots = [root.resolve() for root in roots]
    strange = [path for path in opened if not any(path.is_relative_to(root) for root in roots)]
    assert (tmp_path / "run" / "stage2" / "manifest.json").exists()
    assert any(path.name == "normal.txt" for path in opened), "the grammar is seen to be opened"
    assert not strange
    assert not [path for path in opened if "shared" in path.parts]
