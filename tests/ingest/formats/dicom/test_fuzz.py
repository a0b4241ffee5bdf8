"""Any bytes in, a parsed object or a refusal out; and what is found is what pydicom finds."""

import io
import time
import warnings

import pydicom
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from ingest.formats.cleaning import clean_words
from ingest.formats.origin import Format
from ingest.messages import ParsedMessage
from tests.ingest.formats.dicom.test_parser import read
from tests.ingest.formats.dicom_files import FINDINGS, bare, code_item, container, film, item, part10, report, text_item
from tests.ingest.formats.test_fuzz import assert_storable, outcome
from vlmkg.reading.sections import find_sections, find_set_aside
from vlmkg.report_parts import Part

FILES = [part10(film()), part10(report()), bare(film()), bare(report(), implicit=False)]
FILES.append(part10(report(), "1.2.840.10008.1.2.1.99"))
SPICE = [
    b"",
    b"\0",
    b"\xff\xff\xff\xff",
    b"\xfe\xff\0\xe0",
    b"\xfe\xff\x0d\xe0",
    b"SQ\0\0",
    b"UN\0\0",
    b"\x40\0\x30\xa7",
]


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes(raw, marked):
    result = outcome(Format.DICOM, bytes(128) + b"DICM" + raw if marked else raw)
    if isinstance(result, ParsedMessage):
        assert_storable(result)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(SPICE) | st.binary(max_size=8)), max_size=6),
)
def test_objects_with_damage(raw, damage):
    for place, width, spice in damage:
        start = int(place * len(raw))
        raw = raw[:start] + spice + raw[start + width :]
    result = outcome(Format.DICOM, raw)
    if isinstance(result, ParsedMessage):
        assert_storable(result)


NAMES = st.sampled_from([FINDINGS, ("121060", "DCM", "History"), ("1", "99X", "Prior"), ("2", "99X", "Lungs")])
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\"), max_size=20)
PHRASES = st.text("äß 09.,\n≥", max_size=12)
"""Without letters that make a heading: words can be one, and then what follows is read as it says."""
RELATIONSHIPS = st.sampled_from(
    ["CONTAINS", "HAS PROPERTIES", "INFERRED FROM", "HAS CONCEPT MOD", "HAS OBS CONTEXT", ""]
)


def _related(found: Dataset, relationship: str, below: list[Dataset]) -> Dataset:
    found.RelationshipType = relationship
    if below:
        found.ContentSequence = below
    return found


LEAVES = (
    st.builds(text_item, PHRASES, NAMES)
    | st.builds(code_item, PHRASES, NAMES)
    | st.builds(item, st.sampled_from(["NUM", "DATE", "COMPOSITE", "IMAGE", ""]), NAMES)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(_related, LEAVES, RELATIONSHIPS, st.lists(inner, max_size=3))
        | st.lists(inner, max_size=4).flatmap(lambda content: NAMES.map(lambda name: container(name, *content)))
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(TREES, min_size=1, max_size=4))
def test_any_content_tree(content):
    tree = report(*content, text_item("Clear lungs.", FINDINGS), SpecificCharacterSet="ISO_IR 192")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of strange values
        raw = part10(tree)
    (found,) = read(raw).studies[0].reports
    # Few English words among many others are set aside, with that reason.
    foreign = [one for one in find_set_aside(found.text) if one.reason == Part.LANGUAGE.value]
    assert "Clear lungs." in [
        line for s in (*find_sections(found.text), *foreign) for line in found.text[s.start : s.end].split("\n")
    ]


@settings(max_examples=40, deadline=None)
@given(WORDS, st.sampled_from(["ISO_IR 192", "GB18030"]), st.integers(1, 65535), st.integers(0, 5))
def test_values_are_those_that_pydicom_reads(description, charset, rows, depth):
    nested = Dataset()
    for _ in range(depth):
        outer = Dataset()
        outer.ReferencedImageSequence = [nested]
        nested = outer
    fields = {"SpecificCharacterSet": charset, "StudyDescription": description, "Rows": rows}
    raw = part10(film(**fields, ReferencedImageSequence=[nested]))
    twin = pydicom.dcmread(io.BytesIO(raw))
    study = read(raw).studies[0]
    assert study.images[0].rows == twin.Rows == rows
    assert study.procedure == clean_words(str(twin.get("StudyDescription") or ""))


def test_an_object_of_nothing_but_elements_ends_in_seconds():
    element = b"\x09\0\x10\0\0\0\0\0"
    started = time.process_time()
    outcome(Format.DICOM, b"\x08\0\x18\0\x02\0\0\0001" + element * (8 * 1024 * 1024))
    assert time.process_time() - started < 5
