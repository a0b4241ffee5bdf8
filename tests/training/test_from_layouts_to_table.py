"""From made-up copies of MIMIC-CXR, R2Gen and RadGraph to the paper's table: import, stages 1 and 2, held-out films."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from training.train_cli import train
from vlmkg.checkpoint.manifest import verify
from vlmkg.engine_protocol import FilmDomain

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.long, pytest.mark.timeout(900)]
DEBUG = Path(__file__).parents[2] / "training" / "configs" / "debug.yaml"
STUDIES = 300
"""So many that the training films are enough for a guard."""


def command(*arguments: object) -> str:
    result = CliRunner().invoke(train, [str(one) for one in arguments])
    assert result.exit_code == 0, f"{arguments[:3]}: {result.output} {result.exception}"
    return result.output


def config_for(folder: Path, rows: Path) -> Path:
    """The debug config on the rows; few steps, since only the way is tested."""
    content = yaml.safe_load(DEBUG.read_text())
    content["data"] |= {"files": [str(rows)], "validation": 8, "chunk": 64}
    content["licence"] = "for tests alone: synthetic data in the layout of credentialed data"
    content["vision"] |= {"intensity": "equalised", "features": str(folder / "vectors")}
    content["stage0"] |= {"steps": 4, "evaluate_every": 4}
    content["stage1"] |= {"steps": 6, "evaluate_every": 6, "read": 0}
    content["stage2"] |= {"steps": 4, "evaluate_every": 4, "films_alone": 0}
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("layout", ["mimic-cxr", "r2gen", "radgraph"])
def test_from_a_data_set_to_the_papers_table(layout, tmp_path):
    source, rows, run = tmp_path / "source", tmp_path / "rows" / "studies.jsonl", tmp_path / "run"
    rows.parent.mkdir()
    command("data", "layout", "--format", layout, "--count", STUDIES if layout == "mimic-cxr" else 90, "--out", source)
    graphs = ["--graphs", source / "MIMIC-CXR_graphs.json", "--film-facts"] if layout == "mimic-cxr" else []
    place = source / "train.json" if layout == "radgraph" else source
    said = json.loads(command("data", "import", "--format", layout, place, "--out", rows, *graphs))
    assert said["splits"].keys() == {"train", "validation", "test"}
    assert not said.get("lost")

    config = config_for(tmp_path, rows)
    command("stage0", "--config", config, "--out", run)
    command("stage1", "--config", config, "--out", run)
    readers = ["--reader", "rules=rules", "--reader", f"LLM-KG={run / 'stage1'}"]
    if layout != "radgraph":
        assert said["read"]["films"] > said["read"]["reports"]
        command("stage2", "--config", config, "--out", run)
        manifest = verify(run / "stage2").manifest
        assert manifest.image_domain is FilmDomain.REAL
        assert ("vision/guard.safetensors" in manifest.files) == (layout == "mimic-cxr")
        readers += ["--reader", f"VLM-KG={run / 'stage2'}"]
    published = layout in {"mimic-cxr", "radgraph"}
    assert verify(run / "stage1").manifest.modify_direction == (
        "as_published" if published else "describing_to_described"
    )

    table = command("experiment", "headline", "--rows", rows, *readers, "--device", "cpu", "--out", tmp_path / "table")
    assert f"{said['splits']['test']} reports of" in table
    lines = [line for line in table.splitlines() if line.startswith("| VLM-KG |")]
    assert len(lines) == (0 if layout == "radgraph" else 4)
    assert "| LLM-KG | report only |" in table
    if layout == "mimic-cxr":
        both, report, *_ = lines
        assert report.endswith("| - |")
        assert not both.endswith("| - |"), "film names are scored where the rows have film facts"
