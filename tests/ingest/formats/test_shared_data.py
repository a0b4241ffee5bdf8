"""What comes out of the real feeds, message by message."""

import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import MessageRefusedError
from ingest.formats.origin import Format, Origin
from ingest.formats.parse import parse
from ingest.formats.settings import FormatSettings
from ingest.messages import ParsedMessage
from vlmkg.reading.sections import find_sections

pytestmark = pytest.mark.shared_data


def outcomes(kind: Format, messages: Iterator[bytes]) -> Iterator[tuple[ParsedMessage | MessageRefusedError, bytes]]:
    for raw in messages:
        try:
            yield parse(kind, raw, Origin(), FormatSettings()), raw
        except MessageRefusedError as error:
            yield error, raw


def openi_files(shared_data: Path) -> Iterator[bytes]:
    with tarfile.open(shared_data / "openi/ecgen-radiology-dev.tgz") as archive:
        for member in archive:
            if opened := archive.extractfile(member):
                yield opened.read()


def hl7_lines(shared_data: Path) -> Iterator[bytes]:
    for line in (shared_data / "feeds/hl7/scout_oru_1994_2014.jsonl").read_text("utf-8").splitlines():
        yield json.loads(line)["raw"].encode()


def test_every_openi_report_is_read_but_those_without_findings_and_impression(shared_data):
    found = list(outcomes(Format.OPENI, openi_files(shared_data)))
    reasons = Counter(result.reason for result, _ in found if isinstance(result, MessageRefusedError))
    parsed = [result for result, _ in found if isinstance(result, ParsedMessage)]
    assert reasons == {"no_report_text": 21}
    assert len(parsed) == 3059
    assert len({message.external_id for message in parsed}) == 3059
    texts = [message.studies[0].reports[0].text for message in parsed]
    assert all(find_sections(text) for text in texts)


def test_every_hl7_message_is_accounted_for(shared_data):
    found = list(outcomes(Format.HL7, hl7_lines(shared_data)))
    refused = [result for result, _ in found if isinstance(result, MessageRefusedError)]
    parsed = [(result, raw) for result, raw in found if isinstance(result, ParsedMessage)]
    assert Counter(error.reason for error in refused) == {"no_report_text": 28}
    assert all(error.source == "ABCHOSP" and error.external_id for error in refused)
    assert len(parsed) == 475
    assert len({(message.source, message.external_id, raw) for message, raw in parsed}) == 474
    assert not any(message.warnings for message, _ in parsed)


def test_what_the_hl7_messages_say(shared_data):
    parsed = [result for result, _ in outcomes(Format.HL7, hl7_lines(shared_data)) if isinstance(result, ParsedMessage)]
    studies = [study for message in parsed for study in message.studies]
    assert len(studies) == 475
    assert Counter(study.reports[0].status for study in studies) == {"F": 238, "P": 237}
    assert sum(study.study_uid is not None for study in studies) == 231
    assert all(study.accession == study.reports[0].report_id for study in studies)
    assert {study.patient.authority for study in studies} == {"ABC"}
    assert all(study.patient.birth_date and study.patient.sex and study.started_at for study in studies)
    assert all(study.modality and study.procedure for study in studies)


def test_headers_and_signatures_of_the_hl7_messages_are_not_read(shared_data):
    for result, _ in outcomes(Format.HL7, hl7_lines(shared_data)):
        if isinstance(result, ParsedMessage):
            text = result.studies[0].reports[0].text
            sections = find_sections(text)
            assert "impression" in {section.name for section in sections}
            read = " ".join(text[section.start : section.end] for section in sections)
            assert not any(word in read for word in ("****", "ACC#", "M.D.", "signed by", "Dictated", "Requested By"))
