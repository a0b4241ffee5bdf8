"""Files of many FHIR resources: lines and arrays become messages with those that they refer to."""

import json
from pathlib import Path

import pytest

from ingest.formats.cleaning import RAW_LIMIT
from ingest.formats.origin import Format
from ingest.importing import fhir_sets
from ingest.receiving.submit import ReceivedMessage
from tests.ingest.test_import_expand import expand, seen


def resource(kind: str, name: str, **fields: object) -> dict[str, object]:
    return {"resourceType": kind, "id": name, **fields}


PATIENT = resource("Patient", "p1", identifier=[{"system": "urn:north", "value": "7"}])
REPORTS = [resource("DiagnosticReport", f"r{number}", subject={"reference": "Patient/p1"}) for number in (1, 2)]
ALONE = resource("DiagnosticReport", "r3", subject={"reference": "Patient/elsewhere"})


def written(folder: Path, name: str, resources: list[dict[str, object]]) -> list[Path]:
    """The same resources as lines, under three names, and as an array."""
    lines = "\n".join(map(json.dumps, resources)) + "\n\n"
    files = {f"{name}.ndjson": lines, f"{name}.jsonl": lines, f"{name}-l.json": lines}
    arrays = {f"{name}-a.json": json.dumps(resources, indent=2), f"{name}-b.json": "\ufeff" + json.dumps(resources)}
    for file, content in (files | arrays).items():
        (folder / file).write_text(content)
    return [folder / file for file in (*files, *arrays)]


@pytest.mark.parametrize("order", [1, -1])
def test_resources_in_lines_and_arrays_are_messages_with_those_that_they_refer_to(tmp_path, order):
    for path in written(tmp_path, "export", [PATIENT, *REPORTS, ALONE][::order]):
        items = [item for item in expand(path) if isinstance(item, ReceivedMessage)]
        assert [item.format for item in items] == [Format.FHIR] * 3
        places = ["2", "3", "4"] if order == 1 else ["1", "2", "3"]
        assert [item.origin.name.rpartition(":")[2] for item in items] == places
        held = [json.loads(item.raw) for item in items][::order]
        assert [[entry["resource"] for entry in each["entry"]] for each in held[:2]] == [
            [report, PATIENT] for report in REPORTS
        ]
        assert held[2] == ALONE


def test_a_resource_that_nothing_refers_to_is_a_message_too(tmp_path):
    for path in written(tmp_path, "others", [PATIENT, resource("Observation", "o1")]):
        assert [json.loads(item.raw)["id"] for item in expand(path) if isinstance(item, ReceivedMessage)] == [
            "p1",
            "o1",
        ]


def test_lines_of_both_kinds_in_one_file(tmp_path):
    path = tmp_path / "mixed.jsonl"
    path.write_text(json.dumps(ALONE) + "\n" + json.dumps({"raw": "MSH|^~\\&|A"}) + "\n{}\n")
    assert sorted(seen(expand(path))) == [("mixed:1", "fhir"), ("mixed:2", "hl7"), ("mixed:3", "unreadable")]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", b"[]", [("a", "unreadable")]),
        ("a.ndjson", b"\n\n", [("a", "unreadable")]),
        ("a.json", b"[{", [("a", "fhir")]),
        ("a.json", b'{"resourceType": "DiagnosticReport"}', [("a", "fhir")]),
        ("a.json", b'{"resourceType":\n"DiagnosticReport"}', [("a", "fhir")]),
        ("a", b'[{"resourceType": "DiagnosticReport"}]', [("a:1", "fhir")]),
        ("a.json", b"[1, 2]", [("a:1", "fhir"), ("a:2", "fhir")]),
    ],
)
def test_files_of_json(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    assert seen(expand(tmp_path / name)) == expected


def test_an_array_of_more_than_may_be_held_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(fhir_sets, "WINDOW", RAW_LIMIT + 1)
    path = tmp_path / "large.json"
    path.write_text(json.dumps([ALONE]) + " " * (RAW_LIMIT + 2))
    assert seen(expand(path)) == [("large", "too_large")]


def test_lines_of_more_than_may_be_held_are_taken_in_stretches(tmp_path, monkeypatch):
    monkeypatch.setattr(fhir_sets, "WINDOW", 300)
    (path, *_) = written(tmp_path, "export", [PATIENT, *REPORTS, ALONE])
    names = [item.origin.name for item in expand(path) if isinstance(item, ReceivedMessage)]
    assert names == ["export:2", "export:3", "export:4"]
