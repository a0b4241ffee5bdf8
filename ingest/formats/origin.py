"""The formats, and the facts about a message that are not in its bytes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ingest.formats.cleaning import DICOM_LIMIT, RAW_LIMIT


class Format(StrEnum):
    """The format of a raw message.

    An archive that can't be unpacked and an unrecognised file are one message each, which is stored as refused.
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
    """The origin of a message, for formats that do not name it.

    `name` is the path below the imported folder or archive, without suffix: the report id of a plain text. `source`
    replaces the source authority that the message or its format would give. `modified_at` (aware) is the message time
    of formats that carry none, so that of two versions of one report the later one is current.
    """

    name: str = ""
    source: str | None = None
    modified_at: datetime | None = None


def raw_limit(format: Format) -> int:  # noqa: A002
    """The maximum number of bytes of a raw message of the format."""
    return DICOM_LIMIT if format is Format.DICOM else RAW_LIMIT
