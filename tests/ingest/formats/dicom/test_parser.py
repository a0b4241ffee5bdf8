"""Films and what is read of them."""

from datetime import UTC, date, datetime

import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import DICOM_LIMIT
from ingest.formats.dicom import elements
from ingest.formats.origin import Format, Origin
from ingest.formats.parse import parse
from ingest.formats.settings import FormatSettings
from ingest.messages import ParsedMessage, PatientFacts
from tests.ingest.formats.dicom_files import CT, SECONDARY_CAPTURE, bare, code, film, part10

SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
]


NOWHERE = Origin()


def read(raw: bytes, origin: Origin = NOWHERE, **settings: str) -> ParsedMessage:
    return parse(Format.DICOM, raw, origin, FormatSettings(**settings))


def reason(raw: bytes) -> Reason:
    with pytest.raises(MessageRefusedError) as refusal:
        read(raw)
    return refusal.value.reason


def patient(**fields) -> PatientFacts:
    return read(part10(film(**fields))).studies[0].patient


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_film_in_every_uncompressed_encoding(syntax):
    message = read(part10(film(InstanceCreationDate="20260102", InstanceCreationTime="101500.25"), syntax))
    assert (message.source, message.external_id, message.warnings) == ("dicom", "1.2.3.1", ())
    assert message.message_time == datetime(2026, 1, 2, 10, 15, 0, 250000, tzinfo=UTC)
    (study,) = message.studies
    assert study.patient == PatientFacts("HOSP", "P1", "female", date(1961, 5, 4))
    assert (study.study_uid, study.accession, study.modality) == ("1.2.3", "A1", "DX")
    assert (study.body_part, study.procedure) == ("CHEST", "XR Chest 2 views")
    assert study.started_at == datetime(2026, 1, 2, 10, 11, 12, tzinfo=UTC)
    (image,) = study.images
    assert (image.sop_instance_uid, image.view, image.rows, image.columns) == ("1.2.3.1", "PA", 4, 4)
    assert study.reports == ()


def test_the_pixels_have_one_digest_in_every_uncompressed_encoding_and_header():
    files = [part10(film(), syntax) for syntax in SYNTAXES] + [bare(film()), part10(film(PatientName="Other"))]
    digests = {read(raw).studies[0].images[0].pixel_digest for raw in files}
    assert len(digests) == 1
    assert read(part10(film(pixels=b"\0\2" * 16))).studies[0].images[0].pixel_digest not in digests


@pytest.mark.parametrize("implicit", [True, False])
def test_a_bare_data_set(implicit):
    assert read(bare(film(), implicit=implicit)).external_id == "1.2.3.1"


def test_file_meta_information_without_preamble():
    assert read(part10(film())[132:]).external_id == "1.2.3.1"


def test_a_transfer_syntax_that_is_labelled_wrongly():
    raw = part10(film(), ExplicitVRLittleEndian)
    assert read(raw.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0")).external_id == "1.2.3.1"


def test_times_are_of_the_object_else_of_the_sites_zone():
    assert read(part10(film(TimezoneOffsetFromUTC="+0200"))).studies[0].started_at.hour == 8
    assert read(part10(film()), hl7_timezone="America/New_York").studies[0].started_at.hour == 15
    assert read(part10(film(StudyTime=None))).studies[0].started_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert read(part10(film(StudyDate=None))).studies[0].started_at is None


def test_the_authority_of_a_patient_is_the_issuer_else_the_sender_else_the_site_else_dicom():
    assert patient().authority == "HOSP"
    nobody = part10(film(IssuerOfPatientID=None))
    assert read(nobody, Origin(source="PACS")).studies[0].patient.authority == "PACS"
    assert read(nobody, dicom_authority="SITE").studies[0].patient.authority == "SITE"
    assert read(nobody).studies[0].patient.authority == "dicom"
    assert patient(
        IssuerOfPatientID=None, IssuerOfPatientIDQualifiersSequence=[_universal("1.2.99")]
    ).authority == "1.2.99"  # fmt: skip


def test_of_several_patient_identifiers_the_preferred_authority_counts():
    other = {"PatientID": "E7", "IssuerOfPatientID": "EPIC"}
    raw = part10(film(OtherPatientIDsSequence=[_item(other)]))
    assert read(raw).studies[0].patient.identifier == "P1"
    chosen = read(raw, patient_authorities="EPIC,HOSP").studies[0].patient
    assert (chosen.authority, chosen.identifier) == ("EPIC", "E7")


def test_without_a_patient_the_study_has_one_of_its_own():
    message = read(part10(film(PatientID=None, IssuerOfPatientID=None)))
    assert message.warnings == ("no_patient_id",)
    assert message.studies[0].patient == PatientFacts("dicom (no patient)", "1.2.3")


@pytest.mark.parametrize("bad", ["../../etc/x", "1.2/../3", "a", "", "1." * 40 + "1", ".1", "1..2"])
@pytest.mark.parametrize("name", ["SOPInstanceUID", "StudyInstanceUID"])
def test_what_is_no_uid_is_refused(name, bad):
    raw = bare(film()).replace(*_swap(name, bad))
    assert reason(raw) == Reason.UNREADABLE


def test_other_objects_are_refused():
    assert reason(part10(film(SOPClassUID=CT))) == Reason.UNSUPPORTED_FORMAT
    assert read(part10(film(SOPClassUID=SECONDARY_CAPTURE))).studies[0].images


@pytest.mark.parametrize("raw", [b"", b"DICM", b"\0" * 128 + b"DICM", b"%PDF-1.7" + b"x" * 400])
def test_what_is_no_dicom_is_refused(raw):
    assert reason(raw) == Reason.UNREADABLE


def test_every_cut_is_refused():
    raw = part10(film())
    for end in range(len(raw)):
        assert reason(raw[:end]) == Reason.UNREADABLE, end


def test_what_inflates_without_end_is_refused():
    raw = part10(film(pixels=bytes(DICOM_LIMIT)), DeflatedExplicitVRLittleEndian)
    assert len(raw) < DICOM_LIMIT
    assert reason(raw) == Reason.TOO_LARGE


def test_an_object_over_the_limit_is_refused():
    assert reason(bytes(DICOM_LIMIT + 1)) == Reason.TOO_LARGE


def test_sequences_within_each_other_and_elements_without_end_are_refused(monkeypatch):
    sequence, item_start = b"\x08\0\x40\x11\xff\xff\xff\xff", b"\xfe\xff\0\xe0\xff\xff\xff\xff"
    assert reason(sequence + (item_start + sequence) * 9999) == Reason.UNREADABLE
    monkeypatch.setattr(elements.Reader, "__init__", _poor)
    assert reason(part10(film())) == Reason.UNREADABLE


@pytest.mark.parametrize(
    ("charset", "written"),
    [
        ("ISO_IR 100", "Köln"),
        ("ISO_IR 192", "放射線科"),
        ("ISO 2022 IR 6\\ISO 2022 IR 87", "放射線科"),
        ("\\ISO 2022 IR 87", "放射線科"),
        ("\\ISO 2022 IR 149", "방사선과"),
        ("GB18030", "放射科"),
        ("ISO_IR 144", "Рентген"),
        ("ISO_IR 13", "ﾃｽﾄ"),
    ],
)
def test_character_sets(charset, written):
    raw = part10(film(SpecificCharacterSet=charset.split("\\"), StudyDescription=written))
    assert read(raw).studies[0].procedure == written


@pytest.mark.parametrize("declared", [b"ISO_IR 192", b"ISO-IR-100", b"UNHEARD OF", b"ISO_IR 87\\", b"          "])
def test_what_does_not_fit_its_character_set_is_read_all_the_same(declared):
    raw = bare(film(SpecificCharacterSet="ISO_IR 192", StudyDescription="Thorax K_ln "))
    raw = raw.replace(b"ISO_IR 192", declared)
    assert read(raw.replace(b"K_ln", b"K\xf6ln")).studies[0].procedure == "Thorax Köln"


def _universal(value: str):
    return _item({"UniversalEntityID": value, "UniversalEntityIDType": "ISO"})


def _item(fields: dict[str, str]):
    found = code("x", "x", "x").__class__()
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def _swap(name: str, bad: str) -> tuple[bytes, bytes]:
    tag = {"SOPInstanceUID": b"\x08\0\x18\0", "StudyInstanceUID": b"\x20\0\x0d\0"}[name]
    good = {"SOPInstanceUID": b"1.2.3.1\0", "StudyInstanceUID": b"1.2.3\0"}[name]
    padded = bad.encode() + b"\0" * (len(bad) % 2)
    return tag + len(good).to_bytes(4, "little") + good, tag + len(padded).to_bytes(4, "little") + padded


def _poor(reader: elements.Reader, raw: bytes) -> None:
    reader.raw, reader.budget = raw, 20
