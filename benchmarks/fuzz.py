"""Coverage-guided fuzzing of the parsers (atheris): any bytes must be parsed or refused, in limited time.

    uv pip install atheris
    python -m benchmarks.fuzz hl7|dicom|fhir [--seconds N]

Starts from synthetic messages. What is found is kept in the folder that is printed; a run that found nothing exits
with 0. Beyond errors of other kinds it looks for texts that the ledger can't hold, and for answers to HL7 messages
that would break the frame that they are sent in.
"""

import argparse
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from random import Random
from typing import Any

import atheris

with atheris.instrument_imports(include=["ingest.formats", "ingest.gateway.mllp", "vlmkg", "hl7"]):
    from ingest.errors import MessageRefusedError
    from ingest.formats.dicom.parser import parse as parse_dicom
    from ingest.formats.fhir.parser import parse as parse_fhir
    from ingest.formats.hl7.parser import parse as parse_hl7
    from ingest.formats.origin import Origin
    from ingest.formats.settings import FormatSettings
    from ingest.gateway.mllp.acknowledgement import ACCEPTED, answer
    from ingest.gateway.mllp.header import read_header
    from ingest.gateway.mllp.replies import UNENDED
    from ingest.messages import ParsedMessage

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import BasicTextSRStorage, ExplicitVRLittleEndian

from stack.simulate.fhir import resource
from stack.simulate.films import film
from stack.simulate.traffic import traffic

SETTINGS, NOWHERE = FormatSettings(), Origin("r1")
SEEDS = 40
SLOW_S = 5
"""Seconds: an input of at most `LONGEST` bytes that takes longer is a finding."""
LONGEST = 20_000
MEMORY_MIB = 2048


def main() -> None:
    """Fuzz one parser. libFuzzer ends the process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("format", choices=tuple(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    target, seeds = TARGETS[arguments.format]
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{arguments.format}-"))
    for number, seed in zip(range(SEEDS), seeds(), strict=False):
        (folder / f"seed{number}").write_bytes(seed)
    print(f"corpus and findings: {folder}")
    limits = [f"-timeout={SLOW_S}", f"-max_len={LONGEST}", f"-rss_limit_mb={MEMORY_MIB}"]
    paths = [f"-artifact_prefix={folder}/found-", str(folder)]
    mutate = {"custom_mutator": other_json} if arguments.format == "fhir" else {}
    flags = [sys.argv[0], f"-max_total_time={arguments.seconds}", "-verbosity=1", *limits, *paths]
    atheris.Setup(flags, target, **mutate)
    atheris.Fuzz()


def hl7(raw: bytes) -> None:
    """A message, and its acknowledgements."""
    parsed(lambda: parse_hl7(raw, NOWHERE, SETTINGS))
    header = read_header(raw)
    for outcome in (ACCEPTED, UNENDED):
        if (said := answer(header, outcome)) is not None and (b"\x0b" in said or b"\x1c" in said):
            raise AssertionError("an answer would break its frame")


def dicom(raw: bytes) -> None:
    """A file, or a data set alone."""
    parsed(lambda: parse_dicom(raw, NOWHERE, SETTINGS))


def fhir(raw: bytes) -> None:
    """A resource or a Bundle."""
    parsed(lambda: parse_fhir(raw, NOWHERE, SETTINGS))


def parsed(parse: Callable[[], ParsedMessage]) -> None:
    """Parse; AssertionError if the ledger could not store the result."""
    try:
        found = parse()
    except MessageRefusedError as error:
        found = error  # type: ignore[assignment]
    for text in texts(found) if isinstance(found, ParsedMessage) else [found.detail, found.source, found.external_id]:
        text.encode()
        if "\0" in text:
            raise AssertionError("a text holds NUL")


STRANGE = (
    None,
    True,
    0,
    -1,
    1e400,
    "",
    "\0",
    "\ud800",
    "2026-13-45T99:99:99Z",
    "#",
    "urn:oid:",
    [],
    {},
    [[]],
    "x" * 300,
)


def other_json(raw: bytes, longest: int, seed: int) -> bytes:
    """The JSON with one value changed, left out, or put in another's place; one time in ten bytes like any others."""
    random = Random(seed)
    try:
        value = json.loads(raw)
        places = [] if random.random() < 0.1 else list(containers(value))
    except (ValueError, RecursionError):
        places = []
    if not places:
        return bytes(atheris.Mutate(raw, longest))
    place = random.choice(places)
    key = random.choice(list(place) if isinstance(place, dict) else range(len(place)))
    if random.random() < 0.2:
        del place[key]
    else:
        donor = random.choice(places)
        given = random.choice(list(donor.values()) if isinstance(donor, dict) else donor)
        place[key] = json.loads(json.dumps(random.choice([given, [given], random.choice(STRANGE)])))
    return json.dumps(value).encode()[:longest]


def containers(value: Any) -> Iterator[Any]:
    """All non-empty objects and arrays in a value."""
    if isinstance(value, dict | list) and value:
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from containers(one)


def texts(value: object) -> Iterator[str]:
    """All strings of a value."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)


def messages(door: str) -> list:  # type: ignore[type-arg]
    """The messages of a synthetic day for one protocol."""
    return [message for message in traffic(1, 1).messages if message.door == door]


def films_and_reports() -> Iterator[bytes]:
    """Small films, and structured reports of the same studies."""
    for message in messages("dicom"):
        made = film(message)
        made.Rows = made.Columns = 4
        made.PixelData = bytes(16)
        yield in_file(made)
        for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"):
            if keyword in made:
                delattr(made, keyword)
        made.SOPClassUID, made.Modality, made.CompletionFlag = BasicTextSRStorage, "SR", "COMPLETE"
        made.ValueType, made.ConceptNameCodeSequence = "CONTAINER", [coded("18748-4", "LN")]
        made.ContentSequence = [section("121070"), section("121072")]
        made.file_meta = FileMetaDataset()
        made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        yield in_file(made)


def section(code: str) -> Dataset:
    """A CONTAINER of one TEXT."""
    text, made = Dataset(), Dataset()
    text.RelationshipType, text.ValueType, text.TextValue = "CONTAINS", "TEXT", "No pneumothorax."
    text.ConceptNameCodeSequence = [coded("121071", "DCM")]
    made.RelationshipType, made.ValueType, made.ContinuityOfContent = "CONTAINS", "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence, made.ContentSequence = [coded(code, "DCM")], [text]
    return made


def coded(value: str, scheme: str) -> Dataset:
    """A coded concept."""
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, "Finding"
    return made


def in_file(made: Dataset) -> bytes:
    """The object as a file."""
    stream = io.BytesIO()
    dcmwrite(stream, made, enforce_file_format=True)
    return stream.getvalue()


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], Iterator[bytes]]]] = {
    "hl7": (hl7, lambda: (message.raw for message in messages("mllp"))),
    "dicom": (dicom, films_and_reports),
    "fhir": (fhir, lambda: (resource(message) for message in messages("fhir"))),
}

if __name__ == "__main__":
    main()
