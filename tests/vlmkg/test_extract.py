"""`vlmkg extract` as it is called: a process, files and standard input."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from vlmkg.engine_protocol import StudyInput
from vlmkg.errors import UsageError
from vlmkg.pipeline import load_engine
from vlmkg.reader_processes import Readers, read_batches

VLMKG = str(Path(sys.executable).with_name("vlmkg"))


def call(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([VLMKG, "extract", *arguments], input=given, capture_output=True, text=True, check=False)


def test_one_report_from_standard_input() -> None:
    done = call("--format", "radgraph", given="FINDINGS: Small effusion.")
    assert done.returncode == 0
    entities = json.loads(done.stdout)["report"]["entities"]
    assert [entity["tokens"] for entity in entities.values()] == ["Small", "effusion"]


def test_many_reports_are_one_object(tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text('{"id": 7, "text": "No effusion."}\n\n{"id": "b", "text": ""}\n')
    read = json.loads(call("--format", "radgraph", str(file)).stdout)
    assert list(read) == ["7", "b"]
    assert read["b"] == {"text": "", "entities": {}}


def test_triplets_keep_findings_that_have_no_relation() -> None:
    row = json.loads(call("--format", "triplets", given="Left effusion. No mass.").stdout)
    assert [(one["head"]["text"], one["relation"], one["tail"]["text"]) for one in row["triplets"]] == [
        ("effusion", "located_at", "Left")
    ]
    assert [(one["text"], one["presence"]) for one in row["alone"]] == [("mass", "absent")]


def test_table_shows_presence() -> None:
    shown = call(given="Possible left effusion. No mass.").stdout
    assert "uncertain" in shown
    assert "absent" in shown


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"id": 1, "text": "x"}\nnot json\n', "line 2 of"),
        (b'{"id": 1}\n', "`id` and `text`"),
        (b'{"id": 1, "text": "x"}\n{"id": 1, "text": "y"}\n', "repeats an id"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_unreadable_input_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(content)
    done = call(str(file), "--format", "radgraph")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there() -> None:
    done = call("nowhere.txt")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be read" in done.stderr


def test_the_rules_read_no_image() -> None:
    done = call("--image", "film.png", given="Clear.")
    assert done.returncode == 2
    assert "does not read films" in done.stderr


@pytest.mark.shared_data
def test_score_of_the_reference_scorer(shared_data: Path, tmp_path: Path) -> None:
    """The measured score, less a little: a rule that costs more than it brings fails here."""
    gold = shared_data / "gold" / "dev.json"
    reports = json.loads(gold.read_text())
    texts, predicted = tmp_path / "texts.jsonl", tmp_path / "predicted.json"
    texts.write_text("".join(json.dumps({"id": key, "text": one["text"]}) + "\n" for key, one in reports.items()))
    predicted.write_text(call("--engine", "rules", "--format", "radgraph", str(texts)).stdout)
    scorer = shared_data.parent / "tools" / "score_radgraph.py"
    shown = subprocess.run(
        [sys.executable, str(scorer), str(gold), str(predicted)], capture_output=True, text=True, check=True
    ).stdout
    scores = {line.split()[0]: float(line.split()[6]) for line in shown.splitlines() if " F1 " in line}
    assert scores["entity"] >= 0.98
    assert scores["relation"] >= 0.95
    assert scores["presence"] >= 0.97
    assert "invalid: 0" in shown


def test_several_processes_read_the_same_in_the_same_order(tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    rows = [{"id": at, "text": f"{'No' if at % 3 else 'Small'} effusion. {at % 7} mm nodule."} for at in range(150)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    alone, apart = (call("--engine", "rules", "--format", "triplets", "--processes", n, str(file)) for n in "12")

    assert apart.returncode == 0, apart.stderr
    assert [json.loads(line)["id"] for line in apart.stdout.splitlines()] == [str(row["id"]) for row in rows]
    assert apart.stdout == alone.stdout


def test_an_error_of_a_reading_process_is_told_as_it_is() -> None:
    readers = Readers(load_engine("rules"), "nothing", 2)
    studies = [StudyInput(("Clear.",))]

    with pytest.raises(UsageError, match="there is no engine 'nothing'") as told:
        list(read_batches(readers, [(1, studies), (2, studies)]))

    assert told.value.remedy


def test_reading_processes_end_with_the_command_that_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text("".join(json.dumps({"id": at, "text": "Small effusion. " * 40}) + "\n" for at in range(20_000)))
    command = [VLMKG, "extract", "--engine", "rules", "--format", "triplets", "--processes", "2", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()

    assert len(children) >= 2
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


@pytest.mark.parametrize("form", ["radgraph", "triplets", "table"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("INDICATION: cough", "nothing was read: text was set aside as indication"),
        ("Kein Erguss. Kein Pneumothorax.", "text in another language (de) was not read"),
        ("", "the report has no text"),
        ("FINDINGS: Clear.\nHISTORY:\nFall. There is a left effusion.", "a finding in text set aside"),
    ],
)
def test_what_was_not_read_is_told_in_words(form: str, text: str, told: str) -> None:
    done = call("--engine", "rules", "--format", form, given=text)
    assert done.returncode == 0
    assert told in done.stderr
    if form == "table":
        assert "Finding" in done.stdout or "nothing was read" in done.stdout


def test_lines_of_triplets_say_what_was_set_aside() -> None:
    row = json.loads(
        call("--engine", "rules", "--format", "triplets", given="HISTORY: cough\n\nFINDINGS: Clear.").stdout
    )
    assert [one["reason"] for one in row["set_aside"]] == ["heading", "history", "heading"]
    assert "warnings" not in row
