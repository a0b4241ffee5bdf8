"""DICOM objects: films (CR, DX, secondary capture) and structured reports.

docs/conformance/dicom.md lists the attributes that are read. Pixels are not decoded here.
"""

import re
from collections.abc import Iterator
from datetime import datetime, tzinfo

from ingest.errors import MessageRefusedError, Reason
from ingest.event_warnings import EventWarning
from ingest.formats.cleaning import DICOM_LIMIT, clean_words, identifier, report_text
from ingest.formats.dicom import structured_report
from ingest.formats.dicom.elements import DamagedError
from ingest.formats.dicom.object import DicomObject, Group, read_object
from ingest.formats.dicom.patient import PATIENT_TAGS, read_patient
from ingest.formats.dicom.sop_classes import DOCUMENTS, IMAGES, REPORTS, name_of
from ingest.formats.dicom.structured_report import SrText
from ingest.formats.markup.convert import convert
from ingest.formats.markup.detect import XML
from ingest.formats.modalities import MODALITIES
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from ingest.formats.times import hl7_date, hl7_offset, hl7_time
from ingest.messages import ImageFacts, ParsedMessage, PatientFacts, ReportFacts, ReportStatus, StudyFacts

SOURCE = "dicom"

SOP_CLASS, SOP_INSTANCE, STUDY_UID = 0x00080016, 0x00080018, 0x0020000D
_STUDY = _STUDY_DATE, _STUDY_TIME = 0x00080020, 0x00080030
_CONTENT = _CONTENT_DATE, _CONTENT_TIME = 0x00080023, 0x00080033
_ACQUIRED = 0x00080022, 0x00080032
_CREATED = 0x00080012, 0x00080013
_OFFSET = 0x00080201
_ACCESSION, _MODALITY, _BODY_PART, _VIEW = 0x00080050, 0x00080060, 0x00180015, 0x00185101
_STUDY_DESCRIPTION, _SERIES_DESCRIPTION = 0x00081030, 0x0008103E
_ROWS, _COLUMNS = 0x00280010, 0x00280011
_COMPLETION, _PRELIMINARY, _VERIFICATION = 0x0040A491, 0x0040A496, 0x0040A493
_VERIFIERS, _VERIFIED_AT = 0x0040A073, 0x0040A030
_REQUESTS = 0x0040A370
_DOCUMENT, _MEDIA_TYPE = 0x00420011, 0x00420012
_COMMENTS = {
    0x00104000: EventWarning.PATIENT_COMMENTS_LEFT_OUT,
    0x00204000: EventWarning.IMAGE_COMMENTS_LEFT_OUT,
    0x00324000: EventWarning.STUDY_COMMENTS_LEFT_OUT,
    0x00400280: EventWarning.PROCEDURE_COMMENTS_LEFT_OUT,
    0x4008010B: EventWarning.INTERPRETATION_LEFT_OUT,
    0x40080300: EventWarning.INTERPRETATION_LEFT_OUT,
    0x40084000: EventWarning.INTERPRETATION_LEFT_OUT,
}
"""Text attributes outside a report's content, which are not read, and their warning."""
_DOCUMENT_READ = EventWarning.ENCAPSULATED_DOCUMENT_READ
_PREDECESSORS, _SERIES, _INSTANCES, _INSTANCE = 0x0040A360, 0x00081115, 0x00081199, 0x00081155
TAGS = (
    frozenset({SOP_CLASS, SOP_INSTANCE, STUDY_UID, _OFFSET, _ACCESSION, _MODALITY, _BODY_PART, _VIEW})
    | {*_STUDY, *_CONTENT, *_ACQUIRED, *_CREATED, _STUDY_DESCRIPTION, _SERIES_DESCRIPTION, _ROWS, _COLUMNS}
    | {_COMPLETION, _PRELIMINARY, _VERIFICATION, _VERIFIERS, _VERIFIED_AT}
    | {_PREDECESSORS, _SERIES, _INSTANCES, _INSTANCE}
    | {_REQUESTS, _DOCUMENT, _MEDIA_TYPE, *_COMMENTS}
    | PATIENT_TAGS
    | structured_report.TAGS
)

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def parse(raw: bytes, origin: Origin, settings: FormatSettings) -> ParsedMessage:
    """Read one object.

    Refuses bytes that are not DICOM or lack usable UIDs (`unreadable`), other SOP classes (`unsupported_format`), and
    reports without text (`no_report_text`).
    """
    if len(raw) > DICOM_LIMIT:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the object has more than {DICOM_LIMIT} bytes")
    source = origin.source or SOURCE
    try:
        return _read(read_object(raw, TAGS), source, origin, settings)
    except DamagedError:
        detail = "the object is not DICOM, or it is damaged"
        raise MessageRefusedError(Reason.UNREADABLE, detail, source=source) from None


def _read(found: DicomObject, source: str, origin: Origin, settings: FormatSettings) -> ParsedMessage:
    instance = uid(found.data.word(SOP_INSTANCE), "SOPInstanceUID", source)
    try:
        return _parse(found, instance, source, origin, settings)
    except MessageRefusedError as error:
        raise MessageRefusedError(error.reason, error.detail, source=source, external_id=instance) from None


def _parse(found: DicomObject, instance: str, source: str, origin: Origin, settings: FormatSettings) -> ParsedMessage:
    data = found.data
    sop_class = data.word(SOP_CLASS)
    if not any(sop_class in kinds for kinds in (IMAGES, REPORTS, DOCUMENTS)):
        detail = f"the object is of {name_of(sop_class)}, which is not read: no film and no report in words"
        raise MessageRefusedError(Reason.UNSUPPORTED_FORMAT, detail)
    warnings: dict[EventWarning, None] = {}
    study_uid = uid(data.word(STUDY_UID), "StudyInstanceUID", source, instance)
    patient = read_patient(data, source, origin.source, settings)
    if patient is None:
        warnings[EventWarning.NO_PATIENT_ID] = None
        patient = PatientFacts(authority=f"{source} (no patient)", identifier=study_uid)
    zone = _zone(data, settings)
    if sop_class in IMAGES:
        if found.pixel_digest is None:
            raise MessageRefusedError(Reason.UNREADABLE, "the image has no pixels")
        study = _study(data, patient, study_uid, zone, images=(_image(found, instance),))
    else:
        written = read_document(data) if sop_class in DOCUMENTS else structured_report.read_text(data)
        reports = tuple(_reports(data, written, instance, study_uid, zone, warnings))
        study = _study(data, patient, study_uid, zone, reports=reports)
    time = _time(data, _CREATED, zone) or _time(data, _CONTENT, zone) or _time(data, _ACQUIRED, zone)
    commented = data.values.keys() & _COMMENTS.keys()
    warnings.update({_COMMENTS[tag]: None for tag in sorted(commented) if clean_words(data.text(tag))})
    warnings.update(data.reader.notes)
    return ParsedMessage(source, instance, time or origin.modified_at, (study,), tuple(warnings))


def uid(value: str, what: str, source: str, external_id: str = "") -> str:
    """A unique identifier (PS3.5 9.1). Refuses an invalid one, because it would not be unique."""
    if len(value) > 64 or not _UID.fullmatch(value):
        detail = f"the {what} is absent or no UID"
        raise MessageRefusedError(Reason.UNREADABLE, detail, source=source, external_id=external_id)
    return value


def _study(
    data: Group,
    patient: PatientFacts,
    study_uid: str,
    zone: tzinfo,
    *,
    reports: tuple[ReportFacts, ...] = (),
    images: tuple[ImageFacts, ...] = (),
) -> StudyFacts:
    modality = data.word(_MODALITY).upper()
    return StudyFacts(
        patient=patient,
        study_uid=study_uid,
        accession=_accession(data),
        modality=modality if modality in MODALITIES else None,
        body_part=clean_words(data.word(_BODY_PART)),
        procedure=clean_words(data.word(_STUDY_DESCRIPTION)) or clean_words(data.word(_SERIES_DESCRIPTION)),
        started_at=_time(data, _STUDY, zone),
        reports=reports,
        images=images,
    )


def _accession(data: Group) -> str | None:
    """The accession number; if the object has none, that of its only request (PS3.3 C.17.2)."""
    requests = {each.word(_ACCESSION) for each in data.items(_REQUESTS)} - {""}
    number = data.word(_ACCESSION) or (next(iter(requests)) if len(requests) == 1 else "")
    return identifier(number, "accession number") or None


def read_document(data: Group) -> SrText:
    """The text of an encapsulated CDA document (PS3.3 A.45.2): the narrative of its sections.

    Raises MessageRefusedError if it is not a CDA document, and UnsupportedTextError if it is damaged.
    """
    media_type = data.word(_MEDIA_TYPE) or XML
    found = convert(data.raw(_DOCUMENT).rstrip(b"\0"), media_type)
    return SrText(found.text, (_DOCUMENT_READ, *found.warnings))


def _image(found: DicomObject, instance: str) -> ImageFacts:
    data = found.data
    return ImageFacts(
        sop_instance_uid=instance,
        view=clean_words(data.word(_VIEW)),
        rows=data.number(_ROWS),
        columns=data.number(_COLUMNS),
        pixel_digest=found.pixel_digest,
    )


def _reports(
    data: Group, written: SrText, instance: str, study_uid: str, zone: tzinfo, warnings: dict[EventWarning, None]
) -> Iterator[ReportFacts]:
    """The report, and a withdrawal of each report that it replaces.

    A corrected document is a separate object with the full content (PS3.3 C.17.2).
    """
    warnings.update(dict.fromkeys(written.left_out))
    if set(written.left_out) - {_DOCUMENT_READ} and not written.text.strip():
        detail = "the report has no text: its codes, numbers and other items are not read"
        raise MessageRefusedError(Reason.NO_REPORT_TEXT, detail)
    text = report_text(written.text)
    issued_at = _verified_at(data, zone) or _time(data, _CONTENT, zone)
    yield ReportFacts(instance, _status(data), text, issued_at)
    for before in sorted(set(_predecessors(data, study_uid, warnings)) - {instance}):
        yield ReportFacts(before, ReportStatus.WITHDRAWN, "", issued_at)


def _status(data: Group) -> ReportStatus:
    """Final if it is complete and either verified or declared final; otherwise preliminary."""
    complete = data.word(_COMPLETION).upper() == "COMPLETE"
    signed = data.word(_VERIFICATION).upper() == "VERIFIED" or data.word(_PRELIMINARY).upper() == "FINAL"
    return ReportStatus.FINAL if complete and signed else ReportStatus.PRELIMINARY


def _predecessors(data: Group, study_uid: str, warnings: dict[EventWarning, None]) -> Iterator[str]:
    """The documents that this one replaces. A reference without a study means the same study."""
    for study in data.items(_PREDECESSORS):
        if study.word(STUDY_UID) not in {study_uid, ""}:
            warnings[EventWarning.PREDECESSOR_OF_OTHER_STUDY] = None
            continue
        for series in (study, *study.items(_SERIES)):
            found = (each.word(_INSTANCE) for each in series.items(_INSTANCES))
            yield from (each for each in found if len(each) <= 64 and _UID.fullmatch(each))


def _verified_at(data: Group, zone: tzinfo) -> datetime | None:
    times = [hl7_time(each.word(_VERIFIED_AT), zone) for each in data.items(_VERIFIERS)]
    return max((time for time in times if time), default=None)


def _zone(data: Group, settings: FormatSettings) -> tzinfo:
    """The zone of the object's times: its own, otherwise the site's."""
    return hl7_offset(f"2000{data.word(_OFFSET)}") or settings.zone


def _time(data: Group, tags: tuple[int, int], zone: tzinfo) -> datetime | None:
    """A DA and a TM as one time. Without a TM it is the start of the day; without a DA it is None."""
    # ACR-NEMA wrote 1997.12.31 and 12:00:00.
    day, time = data.word(tags[0]).replace(".", ""), data.word(tags[1]).replace(":", "")
    if hl7_date(day) is None:
        return None
    return hl7_time(day + time, zone) or hl7_time(day, zone)
