"""Listening without TLS: on loopback always, elsewhere only where the operator says that something else protects it."""

from ipaddress import ip_address
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from vlmkg.errors import UsageError


class PlaintextSettings(BaseSettings):
    """VLMKG_PLAINTEXT."""

    model_config = SettingsConfigDict(frozen=True)

    plaintext: Literal["refused", "accepted"] = Field(default="refused", validation_alias="VLMKG_PLAINTEXT")
    """VLMKG_PLAINTEXT: whether gateway and API may listen without TLS at an address that other machines reach."""


def is_loopback(host: str) -> bool:
    """Whether the address is reachable only from this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_protected(listener: str, host: str, *, setting: str, tls: str | None = None) -> None:
    """Raise UsageError where a listener without TLS would be reachable from other machines, unless that is accepted.

    `setting` names the setting of the address, `tls` those that give the listener TLS, if it can have it.
    """
    if is_loopback(host) or PlaintextSettings().plaintext == "accepted":
        return
    with_tls = f"set {tls}, " if tls else ""
    raise UsageError(
        f"{listener} would send patient data in plaintext at {host}",
        f"set {setting}=127.0.0.1, {with_tls}or set VLMKG_PLAINTEXT=accepted where a TLS proxy or a private network "
        "protects the connection",
    )
