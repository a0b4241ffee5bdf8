"""Settings of the DICOM door."""

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

AE_TITLE_LENGTH = 16


class DicomSettings(BaseSettings):
    """VLMKG_DICOM_PORT, permitted senders, and limits."""

    model_config = SettingsConfigDict(env_prefix="VLMKG_DICOM_", frozen=True)

    port: int = Field(default=11112, ge=0, le=65535)
    """VLMKG_DICOM_PORT: the port; 0: any free one."""

    ae_title: str = Field(default="VLMKG", min_length=1, max_length=AE_TITLE_LENGTH)
    """VLMKG_DICOM_AE_TITLE: the title of this application. Senders may call any title."""

    callers: str = ""
    """VLMKG_DICOM_CALLERS: AE titles that may send, separated by commas; empty: all.

    `TITLE=AUTHORITY` names the source of that sender's messages, and the authority of their patient identifiers without
    an issuer.
    """

    commitment_peers: str = ""
    """VLMKG_DICOM_COMMITMENT_PEERS: `TITLE=host:port`, separated by commas.

    They are the addresses to which reports of storage commitment are sent. A peer without an address gets its report on
    the requesting association.
    """

    associations: int = Field(default=32, ge=1)
    """VLMKG_DICOM_ASSOCIATIONS: the maximum number of associations.

    One more aborts an idle one; if there is none, it is rejected (local limit exceeded).
    """

    connections: int = Field(default=64, ge=1)
    """VLMKG_DICOM_CONNECTIONS: the maximum number of connections, with or without an association.

    One more is closed immediately.
    """

    peer_connections: int = Field(default=16, ge=1)
    """VLMKG_DICOM_PEER_CONNECTIONS: the maximum number of connections per address.

    One more closes an idle one of the same address, or is closed itself.
    """

    idle: float = Field(default=300.0, gt=0)
    """VLMKG_DICOM_IDLE, in seconds: an association that receives nothing for this time is aborted."""

    stall: float = Field(default=30.0, gt=0)
    """VLMKG_DICOM_STALL, in seconds.

    A connection that stops within a message, or requests no association, for this time is closed.
    """

    rate: float = Field(default=0.0, ge=0)
    """VLMKG_DICOM_RATE: objects per second and address. A faster sender is slowed down; 0: no limit."""

    association_rate: float = Field(default=50.0, ge=0)
    """VLMKG_DICOM_ASSOCIATION_RATE: associations per second and address.

    A faster peer waits: an association takes as long as some objects. 0: no limit.
    """

    @field_validator("callers")
    @classmethod
    def _titles(cls, value: str) -> str:
        if any(not 0 < len(title) <= AE_TITLE_LENGTH for title in _callers(value)):
            raise ValueError("AE titles have 1 to 16 characters")
        return value

    @field_validator("commitment_peers")
    @classmethod
    def _addresses(cls, value: str) -> str:
        _peers(value)
        return value

    @property
    def commitment_addresses(self) -> dict[str, tuple[str, int]]:
        """Host and port of each peer, by its AE title."""
        return _peers(self.commitment_peers)

    @property
    def authorities(self) -> dict[str, str | None]:
        """The permitted AE titles, with their authorities if given; empty: all may send."""
        return _callers(self.callers)


def _callers(value: str) -> dict[str, str | None]:
    words = (word.strip().partition("=") for word in value.split(",") if word.strip())
    return {title.strip(): authority.strip() or None for title, _, authority in words}


def _peers(value: str) -> dict[str, tuple[str, int]]:
    found = {}
    for word in filter(None, map(str.strip, value.split(","))):
        title, _, address = map(str.strip, word.partition("="))
        host, _, port = address.rpartition(":")
        if not (0 < len(title) <= AE_TITLE_LENGTH and host and port.isdecimal() and 0 < int(port) <= 65535):
            raise ValueError("write TITLE=host:port, separated by commas; AE titles have 1 to 16 characters")
        found[title] = host.strip("[]"), int(port)
    return found
