"""The formats by name, and what is known of a message beside its bytes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ingest.formats.cleaning import DICOM_LIMIT, RAW_LIMIT


class Format(StrEnum):
    """What a raw message is written in.

    An archive that can't be unpacked is one message, and so is a file that nobody recognised: both are kept, refused.
    """

    OPENI = "openi"
    HL7 = "hl7"
    FHIR = "fhir"
    TEXT = "text"
    GRAPHQL = "graphql"
    DICOM = "dicom"
    ARCHIVE = "archive"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message was found, for formats that do not say it themselves.

    `name` is the path below the imported folder or archive, without suffix: the report id of a plain text. `source`
    replaces the source authority that the message or its format would give. `modified_at` (aware) is the message time
    of formats that carry none, so that of two versions of one report the later one is current.
    """

    name: str = ""
    source: str | None = None
    modified_at: datetime | None = None


def raw_limit(format: Format) -> int:  # noqa: A002
    """Bytes of one raw message of a format."""
    return DICOM_LIMIT if format is Format.DICOM else RAW_LIMIT
