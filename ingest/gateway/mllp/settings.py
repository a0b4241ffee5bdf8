"""Settings of the MLLP door."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class MllpSettings(BaseSettings):
    """VLMKG_MLLP_PORT and its limits."""

    model_config = SettingsConfigDict(env_prefix="VLMKG_MLLP_", frozen=True)

    port: int = Field(default=2575, ge=0, le=65535)
    """VLMKG_MLLP_PORT: the port; 0: any free one."""

    connections: int = Field(default=100, ge=1)
    """VLMKG_MLLP_CONNECTIONS: the maximum number of connections. One more is closed immediately."""

    peer_connections: int = Field(default=50, ge=1)
    """VLMKG_MLLP_PEER_CONNECTIONS: the maximum number of connections per address."""

    batch: int = Field(default=1000, ge=1)
    """VLMKG_MLLP_BATCH: the maximum number of messages in a batch (FHS, BHS).

    A larger one is refused, but can be imported.
    """

    idle: float = Field(default=3600.0, gt=0)
    """VLMKG_MLLP_IDLE, in seconds: a connection that receives nothing for this time is closed."""

    stall: float = Field(default=60.0, gt=0)
    """VLMKG_MLLP_STALL, in seconds:

    a message that is incomplete for this time is answered with AE, and the connection is closed. A connection whose
    sender does not read its answers is closed too.
    """

    rate: float = Field(default=0.0, ge=0)
    """VLMKG_MLLP_RATE: messages per second and address. A faster sender is slowed down; 0: no limit."""
