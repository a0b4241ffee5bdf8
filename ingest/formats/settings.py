"""What a site may have to say about its feeds. Each has a default that works without it."""

import codecs
import re
from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vlmkg.errors import UsageError


class FormatSettings(BaseSettings):
    """VLMKG_HL7_CHARSET, VLMKG_HL7_TIMEZONE, VLMKG_HL7_ACCESSION, VLMKG_HL7_PROCESSING_IDS,
    VLMKG_PATIENT_AUTHORITIES, VLMKG_DICOM_AUTHORITY."""

    model_config = SettingsConfigDict(env_prefix="VLMKG_", frozen=True)

    hl7_charset: str = "cp1252"
    """What a message is read in that names no character set (MSH-18) and is not UTF-8."""

    hl7_timezone: str = "UTC"
    """Zone (IANA name) of HL7 and DICOM times that carry no offset, in messages that name none elsewhere."""

    hl7_accession: str = "OBR-3"
    """Field that carries the accession number: OBR-3 by default, OBR-18 or another for senders that use it so."""

    hl7_processing_ids: str = "P"
    """Processing ids (MSH-11, table 0103) that are taken, separated by commas: P is production, T training, D
    debugging. A message that states none is taken for one of production."""

    patient_authorities: str = ""
    """Assigning authorities by preference, separated by commas, for patients with identifiers of several."""

    dicom_authority: str = ""
    """Assigning authority of patient identifiers in DICOM objects that name no issuer, as the reports' feed calls it:
    film and report of one patient meet by it."""

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
        """The processing ids that are taken; the empty one always is."""
        return frozenset({"", *(name.strip().upper() for name in self.hl7_processing_ids.split(","))})

    @property
    def authorities(self) -> tuple[str, ...]:
        """The preferred assigning authorities, best first."""
        return tuple(name.strip() for name in self.patient_authorities.split(",") if name.strip())


@lru_cache(maxsize=1)
def format_settings() -> FormatSettings:
    """The settings of the environment, read once a process. Raises UsageError where one of them can't be."""
    try:
        return FormatSettings()
    except ValidationError as error:
        names = ", ".join(sorted({f"VLMKG_{problem['loc'][0]}".upper() for problem in error.errors()}))
        raise UsageError(f"the setting can't be used: {names}", str(error.errors()[0]["msg"])) from None
