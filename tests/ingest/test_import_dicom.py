"""Folders of DICOM files, imported."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.cli.import_ import import_
from tests.ingest.formats.dicom_files import CT, bare, film, part10, report


@pytest.mark.parametrize("chosen", ["auto", "dicom"])
def test_films_reports_and_what_is_neither(tmp_path: Path, chosen: str, monkeypatch: pytest.MonkeyPatch):
    data, folder = tmp_path / "var", tmp_path / "films"
    folder.mkdir()
    monkeypatch.setenv("VLMKG_LEDGER_URL", f"sqlite:///{data / 'ledger.sqlite'}")
    (folder / "IM0001").write_bytes(part10(film()))
    (folder / "IM0002").write_bytes(part10(report()))
    (folder / "headless.dcm").write_bytes(bare(film(SOPInstanceUID="1.2.3.2")))
    (folder / "IM0004").write_bytes(part10(film(SOPInstanceUID="1.2.3.3", SOPClassUID=CT)))
    (folder / "large").write_bytes(part10(film(SOPInstanceUID="1.2.3.4", pixels=bytes(24 * 1024 * 1024))))
    arguments = [str(folder), "--format", chosen, "--data", str(data), "--json"]
    result = CliRunner().invoke(import_, arguments)
    found = json.loads(result.stdout.splitlines()[-1])
    assert (found["received"], found["pending"], found["refused"]) == (5, 4, 1)
    assert found["refused_by_reason"] == {"unsupported_format": 1}
    again = json.loads(CliRunner().invoke(import_, arguments).stdout.splitlines()[-1])
    assert again["duplicate"] == 5


def test_every_format_can_be_chosen_by_the_name_that_the_documents_say():
    option = next(each for each in import_.params if each.name == "chosen")
    assert option.type.convert("dicom", None, None) == "dicom"
    assert [option.type.normalize_choice(each, None) for each in option.type.choices] == [
        "auto", "openi", "hl7", "fhir", "dicom", "text",
    ]  # fmt: skip
