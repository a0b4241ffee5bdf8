"""Calls the parser of a message's format."""

from ingest.errors import MessageRefusedError, Reason
from ingest.formats import graphql, openi, text
from ingest.formats.fhir import parser as fhir
from ingest.formats.hl7 import parser as hl7
from ingest.formats.markup.budget import of_one_message
from ingest.formats.origin import Format, Origin
from ingest.formats.settings import FormatSettings
from ingest.messages import ParsedMessage


def parse(format: Format, raw: bytes, origin: Origin, settings: FormatSettings) -> ParsedMessage:  # noqa: A002
    """Read one message. Raises only MessageRefusedError, whatever the bytes are."""
    with of_one_message():
        return _parse(format, raw, origin, settings)


def _parse(format: Format, raw: bytes, origin: Origin, settings: FormatSettings) -> ParsedMessage:  # noqa: A002
    match format:
        case Format.OPENI:
            return openi.parse(raw, origin)
        case Format.HL7:
            return hl7.parse(raw, origin, settings)
        case Format.FHIR:
            return fhir.parse(raw, origin, settings)
        case Format.TEXT:
            return text.parse(raw, origin)
        case Format.GRAPHQL:
            return graphql.parse(raw, origin)
        case Format.DICOM:
            # Importing pydicom takes a second, and most processes read no DICOM objects.
            from ingest.formats.dicom import parser as dicom  # noqa: PLC0415

            return dicom.parse(raw, origin, settings)
        case Format.ARCHIVE:
            raise MessageRefusedError(
                Reason.UNREADABLE, "the content is an archive, not a message: import it as a file"
            )
        case Format.UNKNOWN:
            detail = "the content is not Open-i XML, HL7 v2, FHIR JSON or DICOM: for plain text use --format text"
            raise MessageRefusedError(Reason.UNREADABLE, detail)
