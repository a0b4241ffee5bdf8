"""Settings of the HTTP door."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HttpSettings(BaseSettings):
    """VLMKG_HTTP_PORT and its limits."""

    model_config = SettingsConfigDict(frozen=True)

    port: int = Field(default=8090, ge=0, le=65535, validation_alias="VLMKG_HTTP_PORT")
    """VLMKG_HTTP_PORT: the port of STOW-RS and FHIR; 0: any free one."""

    connections: int = Field(default=64, ge=1, validation_alias="VLMKG_HTTP_CONNECTIONS")
    """VLMKG_HTTP_CONNECTIONS: connections at once. One more closes one that rests. Where none does, requests are
    answered 503; beyond twice as many one is closed as soon as it is opened."""

    peer_connections: int = Field(default=32, ge=1, validation_alias="VLMKG_HTTP_PEER_CONNECTIONS")
    """VLMKG_HTTP_PEER_CONNECTIONS: how many at once of one address. One more closes one of its own that rests, or is
    closed itself."""

    body: int = Field(default=1024, ge=1, validation_alias="VLMKG_HTTP_MAX_BODY")
    """VLMKG_HTTP_MAX_BODY, in MiB: of one STOW-RS request with all its instances."""

    rate: float = Field(default=0.0, ge=0, validation_alias="VLMKG_HTTP_RATE")
    """VLMKG_HTTP_RATE: requests of FHIR and instances of STOW-RS a second of one address, beyond which it is made to
    wait; 0: no limit."""

    auth: bool = Field(default=True, validation_alias="VLMKG_AUTH")
    """VLMKG_AUTH: `off` takes messages without a key; accepted on loopback alone."""
