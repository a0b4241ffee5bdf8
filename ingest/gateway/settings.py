"""Settings of the whole gateway. Each door has its own settings in its `settings.py`."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vlmkg.errors import UsageError

Network = IPv4Network | IPv6Network
S = TypeVar("S", bound=BaseSettings)


class GatewaySettings(BaseSettings):
    """Settings of all doors."""

    model_config = SettingsConfigDict(env_prefix="VLMKG_", frozen=True)

    gateway_doors: str = ""
    """VLMKG_GATEWAY_DOORS: the doors to open, separated by commas; empty: all. The folder door needs its folder set."""

    gateway_host: str = "127.0.0.1"
    """VLMKG_GATEWAY_HOST: the address of the doors; 0.0.0.0 accepts connections from other machines."""

    gateway_allow: str = ""
    """VLMKG_GATEWAY_ALLOW: permitted addresses and networks (10.1.0.0/16), separated by commas; empty: all."""

    gateway_drain: float = Field(default=10.0, gt=0)
    """VLMKG_GATEWAY_DRAIN, in seconds: the time to finish current messages after SIGTERM."""

    tls_certificate: Path | None = None
    """VLMKG_TLS_CERTIFICATE: certificate chain (PEM). If set, the doors of VLMKG_TLS_DOORS accept only TLS."""

    tls_key: Path | None = None
    """VLMKG_TLS_KEY: its private key (PEM)."""

    tls_client_ca: Path | None = None
    """VLMKG_TLS_CLIENT_CA: the authorities (PEM) of senders' certificates, which are then required (mutual TLS)."""

    tls_doors: str = "mllp,dicom,http"
    """VLMKG_TLS_DOORS: the doors that use the certificate."""

    ready_file: Path | None = None
    """VLMKG_READY_FILE: a file that is written when all doors are open, with their addresses as JSON."""

    @field_validator("gateway_allow")
    @classmethod
    def _networks(cls, value: str) -> str:
        for word in _words(value):
            ip_network(word, strict=False)
        return value

    @property
    def doors(self) -> tuple[str, ...]:
        """The names of the doors to open."""
        return _words(self.gateway_doors)

    @property
    def allowed(self) -> tuple[Network, ...]:
        """The permitted networks; empty: all."""
        return tuple(ip_network(word, strict=False) for word in _words(self.gateway_allow))

    def speaks_tls(self, door: str) -> bool:
        """Whether a door uses TLS."""
        return self.tls_certificate is not None and door in _words(self.tls_doors)


def is_allowed(address: str, allowed: tuple[Network, ...]) -> bool:
    """Whether a peer at this address may connect. An IPv4-mapped IPv6 address counts as the IPv4 address."""
    if not allowed:
        return True
    found = ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in allowed)


def read(settings: type[S]) -> S:
    """The settings of the environment. Raises UsageError that names the invalid variables, not their values."""
    try:
        return settings()
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        prefix = settings.model_config.get("env_prefix", "")
        names = ", ".join(sorted({f"{prefix}{problem['loc'][0]}".upper() for problem in problems}))
        raise UsageError(f"the setting can't be used: {names}", str(problems[0]["msg"])) from None


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())
