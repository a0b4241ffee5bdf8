"""Settings of the MLLP door."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class MllpSettings(BaseSettings):
    """VLMKG_MLLP_PORT and its limits."""

    model_config = SettingsConfigDict(env_prefix="VLMKG_MLLP_", frozen=True)

    port: int = Field(default=2575, ge=0, le=65535)
    """VLMKG_MLLP_PORT: the port to listen at; 0: any free one."""

    connections: int = Field(default=100, ge=1)
    """VLMKG_MLLP_CONNECTIONS: how many at once. One more is closed as soon as it is opened."""

    peer_connections: int = Field(default=50, ge=1)
    """VLMKG_MLLP_PEER_CONNECTIONS: how many at once of one address."""

    batch: int = Field(default=1000, ge=1)
    """VLMKG_MLLP_BATCH: messages of one batch (FHS, BHS). One that has more is refused, and can be imported."""

    idle: float = Field(default=3600.0, gt=0)
    """VLMKG_MLLP_IDLE, in seconds: a connection on which nothing comes for so long is closed."""

    stall: float = Field(default=60.0, gt=0)
    """VLMKG_MLLP_STALL, in seconds: a message that stops in the middle for so long is answered with AE, and the
    connection closed; so is one whose sender does not read its answers."""

    rate: float = Field(default=0.0, ge=0)
    """VLMKG_MLLP_RATE: messages a second of one address, beyond which it is made to wait; 0: no limit."""
