"""Settings of a site's feeds. Each has a working default."""

import codecs
import re
from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vlmkg.errors import UsageError


class FormatSettings(BaseSettings):
    """VLMKG_HL7_CHARSET, VLMKG_HL7_TIMEZONE, VLMKG_HL7_ACCESSION, VLMKG_HL7_PROCESSING_IDS,
    VLMKG_MESSAGE_STUDIES, VLMKG_PATIENT_AUTHORITIES, VLMKG_DICOM_AUTHORITY."""

    model_config = SettingsConfigDict(env_prefix="VLMKG_", frozen=True)

    hl7_charset: str = "cp1252"
    """The character set of messages that name none (MSH-18) and are not UTF-8."""

    hl7_timezone: str = "UTC"
    """Time zone (IANA name) of HL7 and DICOM times without an offset, in messages that give none elsewhere."""

    hl7_accession: str = "OBR-3"
    """The field of the accession number: OBR-3 by default; some senders use OBR-18 or another one."""

    hl7_processing_ids: str = "P"
    """Accepted processing ids (MSH-11, table 0103), separated by commas: P is production, T training, D debugging.

    A message without one counts as production.
    """

    message_studies: int = Field(default=500, ge=1)
    """The maximum number of studies of one message, and of orders, patients and merges of one HL7 message.

    Messages with more are refused.
    """

    patient_authorities: str = ""
    """Assigning authorities in order of preference, separated by commas, for patients with several identifiers."""

    dicom_authority: str = ""
    """Assigning authority of patient identifiers in DICOM objects that name no issuer.

    Use the name in the reports' feed, so that films and reports of one patient are joined.
    """

    @field_validator("hl7_charset")
    @classmethod
    def _known_charset(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError("no such character set") from None

    @field_validator("hl7_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("no such time zone") from None

    @field_validator("hl7_accession")
    @classmethod
    def _order_field(cls, value: str) -> str:
        if not re.fullmatch(r"(?:OBR|ORC)-[1-9][0-9]?", value):
            raise ValueError("it must be a field of OBR or ORC, such as OBR-18")
        return value

    @property
    def zone(self) -> tzinfo:
        """The zone of times without an offset."""
        return ZoneInfo(self.hl7_timezone)

    @property
    def processing_ids(self) -> frozenset[str]:
        """The accepted processing ids; the empty one is always accepted."""
        return frozenset({"", *(name.strip().upper() for name in self.hl7_processing_ids.split(","))})

    @property
    def authorities(self) -> tuple[str, ...]:
        """The preferred assigning authorities, best first."""
        return tuple(name.strip() for name in self.patient_authorities.split(",") if name.strip())


@lru_cache(maxsize=1)
def format_settings() -> FormatSettings:
    """The settings of the environment, read once per process. Raises UsageError if one is invalid."""
    try:
        return FormatSettings()
    except ValidationError as error:
        names = ", ".join(sorted({f"VLMKG_{problem['loc'][0]}".upper() for problem in error.errors()}))
        raise UsageError(f"the setting can't be used: {names}", str(error.errors()[0]["msg"])) from None
