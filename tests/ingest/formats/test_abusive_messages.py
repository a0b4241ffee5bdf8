"""Messages that repeat one part without end are read, or refused, in bounded time and memory.

Times are of this thread's CPU. An older version took minutes for many of them, and hundreds of MB.
"""

import json
import time
import tracemalloc

import pytest

from benchmarks.abusive_messages import KINDS, abusive
from ingest.errors import MessageRefusedError, Reason
from ingest.formats.fhir.resources import LONGEST
from ingest.formats.hl7.lines import FACTS_LIMIT, LINES_LIMIT, SEGMENT_LIMIT
from ingest.formats.json_text import ELEMENTS_LIMIT
from ingest.formats.origin import Format, Origin
from ingest.formats.parse import parse
from ingest.formats.settings import FormatSettings
from ingest.messages import ParsedMessage
from ingest.receiving.pseudonymised_facts import merges_of, patients_of, sightings_of
from tests.ingest.formats.fhir.test_parser import diagnostic_report
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obx

SETTINGS, NOWHERE, KEY = FormatSettings(), Origin(), bytes(32)
SLOW_S_PER_MB, SLOW_S = 3.0, 0.5
"""Ten times what the dearest kind takes on a quiet core."""
TIMES, FLOOR = 30, 16 * 1024 * 1024
"""Memory that reading may take: so many times the message, and so many bytes in any case."""


def read(form: Format, raw: bytes) -> ParsedMessage | MessageRefusedError:
    """What a message comes to, with all that is kept of it."""
    try:
        parsed = parse(form, raw, NOWHERE, SETTINGS)
    except MessageRefusedError as error:
        return error
    for facts in (patients_of, merges_of, sightings_of):
        facts(parsed, KEY, "0" * 64)
    return parsed


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """What is loaded once a process counts for nobody."""
    read(Format.HL7, message(MSH, PID, OBR, obx("<p>FINDINGS: Clear.</p>")))


@pytest.mark.parametrize(("form", "name"), KINDS)
def test_the_time_of_a_message_is_bounded_by_its_size(form: Format, name: str) -> None:
    for size in (30_000, 400_000):
        raw = abusive(form, name, size)
        started = time.thread_time()
        read(form, raw)
        assert time.thread_time() - started < SLOW_S + SLOW_S_PER_MB * len(raw) / 1e6


@pytest.mark.parametrize(("form", "name"), [(Format.FHIR, name) for form, name in KINDS if form is Format.FHIR])
def test_the_memory_of_a_message_is_bounded_by_its_size(form: Format, name: str) -> None:
    raw = abusive(form, name, 1_000_000)
    tracemalloc.start()
    try:
        read(form, raw)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < FLOOR + TIMES * len(raw)


def reason(form: Format, raw: bytes) -> Reason | None:
    found = read(form, raw)
    return found.reason if isinstance(found, MessageRefusedError) else None


def orders(number: int) -> bytes:
    return message(MSH, PID, *(OBR.replace("A1", f"A{one}") for one in range(number)), obx("FINDINGS: Clear."))


@pytest.mark.parametrize(
    ("most", "past"),
    [
        (orders(SETTINGS.message_studies), orders(SETTINGS.message_studies + 1)),
        (
            message(MSH, PID + "|" + "x" * (FACTS_LIMIT - 2000), OBR, obx("Clear.")),
            message(MSH, PID + "|" + "x" * FACTS_LIMIT, OBR, obx("Clear.")),
        ),
        (
            message(MSH, PID, OBR, obx("Clear."), *["DG1|1"] * (SEGMENT_LIMIT - 4)),
            message(MSH, PID, OBR, obx("Clear."), *["DG1|1"] * (SEGMENT_LIMIT - 3)),
        ),
        (
            message(MSH, PID, OBR, obx("Clear.")) + b"\r" * (LINES_LIMIT - 10),
            message(MSH, PID, OBR, obx("Clear.")) + b"\r" * LINES_LIMIT + b"x",
        ),
    ],
    ids=["orders", "facts", "segments", "lines"],
)
def test_limits_of_hl7_at_the_bound_and_past_it(most: bytes, past: bytes) -> None:
    assert (reason(Format.HL7, most), reason(Format.HL7, past)) == (None, Reason.TOO_LARGE)


def fhir(**more: object) -> bytes:
    return json.dumps(diagnostic_report(**more)).encode()


@pytest.mark.parametrize(
    ("most", "past"),
    [
        (fhir(category=[{"text": "RAD"}] * LONGEST), fhir(category=[{"text": "RAD"}] * (LONGEST + 1))),
        (fhir(unknown=[1] * (ELEMENTS_LIMIT - 200)), fhir(unknown=[1] * ELEMENTS_LIMIT)),
    ],
    ids=["list", "elements"],
)
def test_limits_of_fhir_at_the_bound_and_past_it(most: bytes, past: bytes) -> None:
    assert (reason(Format.FHIR, most), reason(Format.FHIR, past)) == (None, Reason.TOO_LARGE)


def test_the_first_errors_are_enough() -> None:
    """A list of a million wrong elements is refused for the first of them, or for its length."""
    found = read(Format.FHIR, fhir(identifier=[1] * (ELEMENTS_LIMIT - 200)))
    assert isinstance(found, MessageRefusedError)
    assert (found.reason, len(found.detail) < 300) == (Reason.UNREADABLE, True)


def test_a_text_that_comes_again_within_a_later_one_is_kept_once() -> None:
    raw = message(MSH, PID, OBR, obx("FINDINGS: Clear."), OBR, obx("FINDINGS: Clear."), OBR, obx("FINDINGS: Clear."))
    found = read(Format.HL7, raw)
    assert isinstance(found, ParsedMessage)
    assert [report.text for study in found.studies for report in study.reports] == ["FINDINGS: Clear."]
