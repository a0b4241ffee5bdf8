"""Readers on small folders laid out as the originals are."""

import csv
import gzip
import json

import pytest
from click.testing import CliRunner

from training.data.iu_xray import read_openi, read_r2gen
from training.data.jsonl import from_json, read_files, to_json
from training.data.mimic_cxr import MimicSource, read_mimic_cxr
from training.data.radgraph import PUBLISHED_V1, PUBLISHED_XL, read_radgraph
from training.data.rows import Row
from training.data.splits import check_disjoint, duplicates, split_of, with_splits
from training.data.tally import Tally
from training.synthetic.dataset import row as synthetic_row
from training.synthetic.studies import make_study
from training.train_cli import train
from vlmkg.errors import RefusedError, UsageError
from vlmkg.schema import Kind, Presence, ReportGraph

REPORT = "FINAL REPORT\n FINDINGS: There is a small left pleural effusion.\n\n IMPRESSION: No pneumothorax.\n"
V1 = {
    "text": "small left effusion . no pneumothorax",
    "data_split": "dev",
    "entities": {
        "1": {"tokens": "small", "label": "OBS-DP", "start_ix": 0, "end_ix": 0, "relations": [["modify", "3"]]},
        "2": {"tokens": "left", "label": "ANAT-DP", "start_ix": 1, "end_ix": 1, "relations": []},
        "3": {"tokens": "effusion", "label": "OBS-DP", "start_ix": 2, "end_ix": 2, "relations": [["located_at", "2"]]},
        "4": {"tokens": "pneumothorax", "label": "OBS-DA", "start_ix": 5, "end_ix": 5, "relations": []},
    },
}
XL = {
    "text": "no effusion",
    "entities": {
        "1": {
            "tokens": "effusion",
            "label": "Observation::definitely absent",
            "start_ix": 1,
            "end_ix": 1,
            "relations": [],
        }
    },
}


@pytest.fixture
def mimic(tmp_path):
    """Two patients, three studies, in the layout of MIMIC-CXR 2.0.0 with MIMIC-CXR-JPG's films."""
    for patient, study, films in (
        ("p10000032", "s50414267", ["02aa804e-bde0afdd.jpg", "174413ec-4ec4c1f7.jpg"]),
        ("p10000032", "s53189527", ["2a2277a9-b0ded155.jpg"]),
        ("p11000011", "s51029426", []),
    ):
        place = tmp_path / "files" / patient[:3] / patient
        (place / study).mkdir(parents=True)
        (place / f"{study}.txt").write_text(REPORT)
        for film in films:
            (place / study / film).write_bytes(b"\xff\xd8\xff")
    with gzip.open(tmp_path / "mimic-cxr-2.0.0-split.csv.gz", "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["dicom_id", "study_id", "subject_id", "split"])
        writer.writerow(["02aa804e-bde0afdd", "50414267", "10000032", "train"])
        writer.writerow(["2a2277a9-b0ded155", "53189527", "10000032", "train"])
        writer.writerow(["x", "51029426", "11000011", "validate"])
    return tmp_path


def test_mimic_cxr_gives_a_row_a_report_with_films_and_the_official_split(mimic):
    rows = list(read_mimic_cxr(MimicSource(mimic), Tally()))

    assert [(row.study_id, row.patient_id, row.split, len(row.images)) for row in rows] == [
        ("s50414267", "p10000032", "train", 2),
        ("s53189527", "p10000032", "train", 1),
        ("s51029426", "p11000011", "validation", 0),
    ]
    assert rows[0].report == REPORT
    assert all((mimic / image).exists() for row in rows for image in row.images)


def test_mimic_cxr_takes_radgraphs_text_and_graph_where_given(mimic):
    graphs = mimic / "MIMIC-CXR_graphs.json"
    graphs.write_text(json.dumps({"p10/p10000032/s50414267.txt": V1}))

    rows = list(read_mimic_cxr(MimicSource(mimic, graphs=graphs), Tally()))

    assert [row.study_id for row in rows] == ["s50414267"]
    assert rows[0].report == V1["text"]
    assert rows[0].labels == PUBLISHED_V1
    assert len(rows[0].graph.relations) == 2


def test_another_layout_is_refused(tmp_path):
    for read in (read_openi, read_r2gen):
        with pytest.raises(UsageError):
            list(read(tmp_path, Tally()))
    with pytest.raises(UsageError):
        list(read_mimic_cxr(MimicSource(tmp_path), Tally()))


def test_openi_xml_gives_findings_and_impression_and_the_films_that_are_there(tmp_path):
    (tmp_path / "ecgen-radiology").mkdir()
    (tmp_path / "NLMCXR_png").mkdir()
    (tmp_path / "NLMCXR_png" / "CXR1_1_IM-0001-3001.png").write_bytes(b"\x89PNG")
    (tmp_path / "ecgen-radiology" / "1.xml").write_text(
        '<?xml version="1.0"?><eCitation><MedlineCitation><Article><Abstract>'
        '<AbstractText Label="COMPARISON">None.</AbstractText><AbstractText Label="INDICATION">Cough</AbstractText>'
        '<AbstractText Label="FINDINGS">Clear lungs.</AbstractText>'
        '<AbstractText Label="IMPRESSION">Normal.</AbstractText>'
        "</Abstract></Article></MedlineCitation>"
        '<parentImage id="CXR1_1_IM-0001-3001"/><parentImage id="CXR1_1_IM-0001-4001"/></eCitation>'
    )
    (tmp_path / "ecgen-radiology" / "2.xml").write_text(
        '<eCitation><AbstractText Label="FINDINGS"/><AbstractText Label="IMPRESSION"/></eCitation>'
    )

    rows = list(read_openi(tmp_path, Tally()))

    assert [(row.study_id, row.report, row.images) for row in rows] == [
        (
            "CXR1",
            "FINDINGS: Clear lungs.\nIMPRESSION: Normal.",
            (str(tmp_path / "NLMCXR_png/CXR1_1_IM-0001-3001.png"),),
        )
    ]


def test_r2gens_annotations_keep_their_splits_and_patients(tmp_path):
    def entry(name, split):
        return {"id": name, "report": "Clear lungs .", "image_path": [f"{name}/0.png", f"{name}/1.png"], "split": split}

    for film in ("CXR2384_IM-0942/0.png", "CXR2384_IM-0942/1.png", "CXR7_IM-1/0.png"):
        (tmp_path / "images" / film).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / film).write_bytes(b"\x89PNG")
    tally = Tally()
    content = {"train": [entry("CXR2384_IM-0942", "train")], "val": [entry("CXR7_IM-1", "val")], "test": []}
    (tmp_path / "annotation.json").write_text(json.dumps(content))

    rows = list(read_r2gen(tmp_path, tally))

    assert [(row.patient_id, row.split) for row in rows] == [("CXR2384", "train"), ("CXR7", "validation")]
    assert rows[0].images == tuple(str(tmp_path / f"images/CXR2384_IM-0942/{at}.png") for at in range(2))
    assert tally.left_out == {"films that are not in the folder": 1}


def test_radgraph_v1_and_xl_are_told_apart(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps({"p10/p10000032/s50414267.txt": V1, "0": XL}))

    first, second = read_radgraph(path, Tally())

    assert (first.patient_id, first.labels, first.split) == ("p10000032", PUBLISHED_V1, "validation")
    assert (second.labels, second.graph.mentions[0].presence) == (PUBLISHED_XL, Presence.ABSENT)
    assert first.graph.mentions[1].kind is Kind.ANATOMY


def test_our_jsonl_gives_back_the_row():
    study = make_study(0, 1, films=1.0)
    row = from_json(synthetic_row(study))

    assert row.graph == from_json(to_json(row)).graph
    assert [(one.start, one.end, one.kind, one.presence) for one in row.graph.mentions] == [
        (one.start, one.end, one.kind, one.presence) for one in study.graph.mentions
    ]
    assert row.graph.relations == study.graph.relations


def test_triplets_of_words_become_mentions_where_each_word_stands_once(tmp_path):
    line = {"id": "1", "patient": "a", "report": "Left effusion.", "triplets": [["effusion", "located_at", "Left"]]}

    graph = from_json(line).graph

    assert [one.text for one in graph.mentions] == ["Left", "effusion"]
    assert graph.mentions[0].kind is Kind.ANATOMY
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({**line, "report": "effusion effusion Left"}))
    with pytest.raises(UsageError, match="line 1"):
        read_files([path])


def test_splits_go_by_patient_and_are_the_same_wherever_a_row_stands():
    rows = [Row(f"s{at}", f"p{at // 3}", f"text {at % 50}", ReportGraph()) for at in range(600)]

    split = list(with_splits(rows))

    check_disjoint(split)
    assert [row.split for row in with_splits(reversed(rows))] == [row.split for row in reversed(split)]
    assert {row.split for row in split} == {"train", "validation", "test"}
    assert split_of("p1", seed=0) == split[3].split
    assert duplicates(split).repeated == 600
    assert duplicates(split).across_splits > 0


def test_a_patient_in_two_splits_is_refused():
    rows = [Row("1", "p", "a", ReportGraph(), split="train"), Row("2", "p", "b", ReportGraph(), split="test")]

    with pytest.raises(RefusedError, match="1 patients"):
        check_disjoint(rows)


def test_the_command_labels_with_the_rules_and_says_with_which(mimic, tmp_path):
    out = tmp_path / "studies.jsonl"

    result = CliRunner().invoke(train, ["data", "import", "--format", "mimic-cxr", str(mimic), "--out", str(out)])

    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    (labels,) = said.pop("labels")
    assert labels.startswith("silver rules ")
    assert said == {
        "read": {
            "reports": 3,
            "patients": 2,
            "films": 3,
            "reports with a film": 2,
            "mentions": 15,
            "relations": 9,
        },
        "splits": {"train": 2, "validation": 1},
        "views": {"unknown": 3},
        "reports": 3,
        "repeated": 3,
        "across_splits": 3,
    }
    rows, _ = read_files([out])
    assert all(row.labels.startswith("silver rules ") for row in rows)
    assert [one.text for one in rows[0].graph.mentions if one.presence is Presence.ABSENT] == ["pneumothorax"]
    assert all((out.parent / image).exists() for row in rows for image in row.images)


def test_import_without_gold_leaves_out_its_studies_and_whoever_repeats_them(tmp_path):
    place = tmp_path / "ecgen-radiology"
    place.mkdir()
    reports = {"1": ("Small left effusion.", "Stable."), "2": ("Stable.", "Small left EFFUSION"), "3": ("Clear.", "")}
    for name, (findings, impression) in reports.items():
        (place / f"{name}.xml").write_text(
            f'<eCitation><AbstractText Label="FINDINGS">{findings}</AbstractText>'
            f'<AbstractText Label="IMPRESSION">{impression}</AbstractText></eCitation>'
        )
    gold = tmp_path / "gold.json"
    gold.write_text(json.dumps({"CXR1": {"text": "Stable . Small left effusion .", "entities": {}}}))
    out = tmp_path / "studies.jsonl"
    result = CliRunner().invoke(
        train, ["data", "import", "--format", "openi", "--without", str(gold), "--out", str(out), str(place)]
    )
    assert result.exit_code == 0, result.output
    assert [row.study_id for row in read_files([out])[0]] == ["CXR3"]
