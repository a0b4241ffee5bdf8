"""Settings of the HTTP door."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HttpSettings(BaseSettings):
    """VLMKG_HTTP_PORT and its limits."""

    model_config = SettingsConfigDict(frozen=True)

    port: int = Field(default=8090, ge=0, le=65535, validation_alias="VLMKG_HTTP_PORT")
    """VLMKG_HTTP_PORT: the port of STOW-RS and FHIR; 0: any free one."""

    connections: int = Field(default=64, ge=1, validation_alias="VLMKG_HTTP_CONNECTIONS")
    """VLMKG_HTTP_CONNECTIONS: the maximum number of connections. One more closes an idle one.

    If there is none, requests are answered 503; connections over twice the limit are closed immediately.
    """

    peer_connections: int = Field(default=32, ge=1, validation_alias="VLMKG_HTTP_PEER_CONNECTIONS")
    """VLMKG_HTTP_PEER_CONNECTIONS: the maximum number of connections per address.

    One more closes an idle one of the same address, or is closed itself.
    """

    body: int = Field(default=1024, ge=1, validation_alias="VLMKG_HTTP_MAX_BODY")
    """VLMKG_HTTP_MAX_BODY, in MiB: the maximum size of one STOW-RS request with all its instances."""

    rate: float = Field(default=0.0, ge=0, validation_alias="VLMKG_HTTP_RATE")
    """VLMKG_HTTP_RATE: FHIR requests and STOW-RS instances per second and address. A faster sender is slowed down; 0:

    no limit.
    """

    auth: bool = Field(default=True, validation_alias="VLMKG_AUTH")
    """VLMKG_AUTH: `off` accepts messages without a key; allowed only on loopback."""
