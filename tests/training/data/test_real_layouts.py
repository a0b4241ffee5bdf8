"""What real copies of the data sets are like: other encodings, names and folders; nothing is lost in silence."""

import gzip
import json
import shutil
from collections import Counter

import pytest
from click.testing import CliRunner

from training.data.files import table
from training.data.film_facts import stated
from training.data.iu_xray import read_r2gen
from training.data.jsonl import read_files
from training.data.mimic_cxr import MimicSource, read_mimic_cxr
from training.data.radgraph import PUBLISHED_V1, read_radgraph, with_lines
from training.data.rows import Row
from training.data.tally import Tally
from training.stages.examples import Reading, report_examples
from training.synthetic.layouts import Layout, write_layout
from training.synthetic.studies import studies
from training.train_cli import train
from vlmkg.errors import UsageError
from vlmkg.model.codec import Codec, train_codec
from vlmkg.numbered_tokens import number
from vlmkg.pipeline import extract_texts
from vlmkg.radgraph import to_radgraph
from vlmkg.reading.rules.engine import RulesEngine

STUDIES = 24


@pytest.fixture
def mimic(tmp_path):
    folder = tmp_path / "mimic"
    write_layout(Layout.MIMIC_CXR, folder, STUDIES, 7)
    return folder


@pytest.fixture(scope="module")
def codec() -> Codec:
    return train_codec([study.text for study in studies(7, 60)], 1000, 256)


def mentions_in_targets(codec: Codec, row: Row) -> int:
    labels = {codec.id(f"<{label}>") for label in "APUN"}
    return sum(token in labels for one in report_examples(Reading(codec, 1024), row) for token in one.target)


def run_import(*arguments: str):
    return CliRunner().invoke(train, ["data", "import", *arguments])


HEADINGS = (
    "",
    "FINDINGS : ",
    "FINAL REPORT INDICATION : ___F with cough . FINDINGS : ",
    "EXAMINATION : CHEST ( PA AND LAT ) INDICATION : cough COMPARISON : None . FINDINGS : ",
    "WET READ : ",
    "HISTORY : ",
    "CLINICAL INFORMATION : fever TECHNIQUE : AP ",
)


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_gold_mention_of_a_one_line_text_is_trained_on(tmp_path, codec, heading):
    """RadGraph's texts are one line, and annotated words may stand under any heading."""
    content, wanted = {}, []
    for study in studies(7, 30, films=0.5):
        entry = to_radgraph(study.text, study.graph)
        shift = len(heading.split())
        for one in entry["entities"].values():
            one["start_ix"] += shift
            one["end_ix"] += shift
        content[study.study_id] = {"text": heading + entry["text"], "entities": entry["entities"]}
        wanted.append(len(study.graph.mentions))
    (tmp_path / "train.json").write_text(json.dumps(content))
    tally = Tally()
    rows = list(read_radgraph(tmp_path / "train.json", tally))
    lost = tally.lost.total()
    # A window of the shortest kind cuts a mention of several words now and then.
    found = [mentions_in_targets(codec, row) for row in rows]
    assert sum(found) >= 0.995 * (sum(wanted) - lost)
    assert not [at for at, (some, all_) in enumerate(zip(found, wanted, strict=True)) if all_ and not some]


def test_headings_of_a_one_line_text_begin_lines_again():
    said = with_lines(
        "FINAL REPORT EXAMINATION : CHEST INDICATION : ___F FINDINGS AND IMPRESSION : No PNA . LINES : PICC"
    )
    assert said.splitlines() == [
        "FINAL REPORT",
        "EXAMINATION : CHEST",
        "INDICATION : ___F",
        "FINDINGS AND IMPRESSION : No PNA .",
        "LINES : PICC",
    ]


def test_text_without_gold_under_a_heading_that_is_set_aside_stays_set_aside():
    text = "INDICATION: pneumonia.\nFINDINGS: Clear lungs."
    words = [one.text for one in number(text).tokens]
    assert words == [one.text for one in number(text, [(33, 38)]).tokens]
    assert "pneumonia" in [one.text for one in number(text, [(12, 21)]).tokens]


def test_what_of_a_gold_graph_is_lost_is_counted_by_reason(tmp_path):
    entry = {
        "text": "small effusion",
        "entities": {
            "1": {"start_ix": 0, "end_ix": 0, "label": "OBS-DP", "relations": [["modify", "2"], ["near", "2"]]},
            "2": {"start_ix": 1, "end_ix": 1, "label": "OBS-DP", "relations": []},
            "3": {"start_ix": 1, "end_ix": 1, "label": "OBS-DP", "relations": []},
            "4": {"start_ix": 9, "end_ix": 9, "label": "OBS-DP", "relations": []},
            "5": {"start_ix": 0, "end_ix": 0, "label": "FINDING", "relations": []},
        },
    }
    (tmp_path / "train.json").write_text(json.dumps({"a": entry, "b": {"text": " ", "entities": {}}}))
    result = run_import("--format", "radgraph", str(tmp_path / "train.json"), "--out", str(tmp_path / "o.jsonl"))
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    assert said["lost"] == {
        "overlapping entities": 1,
        "span out of range": 1,
        "unknown label": 1,
        "unknown relation type": 1,
    }
    assert said["left_out"] == {"empty reports": 1}
    assert said["read"]["mentions"] == 2


def test_the_import_of_mimic_says_what_it_read(mimic, tmp_path):
    out = tmp_path / "studies.jsonl"
    (next((mimic / "files").rglob("s*.txt"))).write_text(" \n")
    result = run_import("--format", "mimic-cxr", str(mimic), "--out", str(out), "--film-facts")
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    assert said["read"]["reports"] == STUDIES - 1
    assert said["left_out"] == {"empty reports": 1}
    assert set(said["views"]) == {"AP", "PA", "LATERAL"}
    assert sum(said["splits"].values()) == STUDIES - 1
    rows, _ = read_files([out])
    assert all((out.parent / image).is_file() for row in rows for image in row.images)
    assert all(row.views[0] in {"PA", "AP"} for row in rows), "the frontal film comes first"
    assert sum(bool(row.film) for row in rows) > STUDIES // 2


def test_frontal_films_alone(mimic, tmp_path):
    out = tmp_path / "studies.jsonl"
    result = run_import("--format", "mimic-cxr", str(mimic), "--out", str(out), "--frontal")
    assert set(json.loads(result.output)["views"]) == {"AP", "PA"}
    (mimic / "mimic-cxr-2.0.0-metadata.csv.gz").unlink()
    again = run_import("--format", "mimic-cxr", str(mimic), "--out", str(tmp_path / "b.jsonl"), "--frontal")
    assert isinstance(again.exception, UsageError)
    assert "no film is known to be frontal" in str(again.exception)


def test_reports_and_films_in_folders_of_their_own(mimic, tmp_path):
    reports = tmp_path / "mimic-cxr-reports"
    for path in (mimic / "files").rglob("s*.txt"):
        place = reports / path.relative_to(mimic)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, place)
    for film in list((mimic / "files").rglob("*.jpg"))[::2]:
        film.rename(film.with_suffix(".JPG"))
    tally = Tally()
    rows = list(read_mimic_cxr(MimicSource(reports, mimic, mimic / "MIMIC-CXR_graphs.json"), tally))
    assert len(rows) == STUDIES
    assert all(row.images and row.labels == PUBLISHED_V1 for row in rows)
    assert Counter(row.split for row in rows).keys() == {"train", "validation", "test"}
    whole = list(read_mimic_cxr(MimicSource(tmp_path), Tally()))
    assert len(whole) == STUDIES, "the folder above `mimic-cxr-reports/files` will do"


def test_reports_in_another_encoding_are_read_and_counted(mimic):
    path = next((mimic / "files").rglob("s*.txt"))
    path.write_bytes("FINDINGS: Temperature 38\N{DEGREE SIGN}. No effusion.".encode("cp1252"))
    tally = Tally()
    rows = {row.study_id: row for row in read_mimic_cxr(MimicSource(mimic), tally)}
    assert "38\N{DEGREE SIGN}" in rows[path.stem].report
    assert tally.notes == {"reports in Windows-1252": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(b"dicom_id,study_id,split\n" * 9, mtime=0)[:-9], "is damaged"),
        (b"\xff\xfe\x00", "is damaged"),
        (b"dicom_id,study_id\na,1\n", "has no column split"),
        (b"dicom_id,study_id,split\na,1,dev\n", "has the split 'dev'"),
    ],
)
def test_a_wrong_split_file_is_named(mimic, content, said):
    (mimic / "mimic-cxr-2.0.0-split.csv.gz").write_bytes(content)
    with pytest.raises(UsageError, match=said):
        list(read_mimic_cxr(MimicSource(mimic), Tally()))


def test_a_table_may_be_unpacked_under_its_packed_name(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(b"a,b\n1,2\n")
    _, rows = table([tmp_path], "x", ("a",))
    assert list(rows) == [{"a": "1", "b": "2"}]


def test_r2gens_mimic_keeps_a_patients_reports_in_one_split(tmp_path):
    write_layout(Layout.R2GEN, tmp_path / "r2gen", STUDIES, 7)
    rows = list(read_r2gen(tmp_path / "r2gen", Tally()))
    assert len({row.patient_id for row in rows}) == STUDIES // 3
    assert all(row.images for row in rows)
    content = json.loads((tmp_path / "r2gen" / "annotation.json").read_text())
    moved = content["train"].pop()
    content["test"].append({**moved, "split": "test"})
    (tmp_path / "r2gen" / "annotation.json").write_text(json.dumps(content))
    result = run_import("--format", "r2gen", str(tmp_path / "r2gen"), "--out", str(tmp_path / "o.jsonl"))
    assert "1 patients are in several splits" in str(result.exception)


def test_dygies_lines_give_the_same_rows_as_radgraphs_json(tmp_path):
    write_layout(Layout.RADGRAPH, tmp_path / "graphs", STUDIES, 7)
    path = tmp_path / "graphs" / "train.json"
    lines = []
    for name, entry in json.loads(path.read_text()).items():
        ends = {key: (one["start_ix"], one["end_ix"]) for key, one in entry["entities"].items()}
        ner = [[*ends[key], one["label"]] for key, one in entry["entities"].items()]
        relations = [
            [*ends[key], *ends[to], kind] for key, one in entry["entities"].items() for kind, to in one["relations"]
        ]
        words = entry["text"].split()
        cut = len(words) // 2
        content = {
            "doc_key": name,
            "sentences": [words[:cut], words[cut:]],
            "ner": [ner, []],
            "relations": [relations, []],
        }
        lines.append(json.dumps({**content, "data_split": entry["data_split"]}))
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    one, other = list(read_radgraph(path, Tally())), list(read_radgraph(tmp_path / "train.jsonl", Tally()))
    assert [(row.study_id, row.report, row.graph, row.split) for row in one] == [
        (row.study_id, row.report, row.graph, row.split) for row in other
    ]
    assert one[0].patient_id.startswith("p1000")


def test_film_facts_are_what_the_report_says_of_names_in_the_list():
    text = (
        "Small left pleural effusion. No pneumothorax. Possible right lower lobe consolidation. Heart size is normal."
    )
    graph = extract_texts(RulesEngine(), [text])[0]
    assert stated(text, graph) == (
        ("left pleural effusion", "P"),
        ("left pneumothorax", "N"),
        ("right pneumothorax", "N"),
        ("right lung consolidation", "U"),
    )
