"""Nothing listens in plaintext where other machines reach it, unless the operator accepts that."""

import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.gateway.run import DOORS, NETWORK_DOORS, require_protected_doors
from ingest.gateway.settings import GatewaySettings
from vlmkg.errors import UsageError
from vlmkg.plaintext_settings import require_protected

OPEN = ["0.0.0.0", "::", "10.1.2.3", "192.168.0.7", "fe80::1", "hospital.example"]
CLOSED = ["127.0.0.1", "127.8.8.8", "::1", "localhost"]


def subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    return [some for size in range(len(names) + 1) for some in itertools.combinations(names, size)]


@pytest.mark.parametrize("host", OPEN)
def test_the_api_at_an_open_address_is_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLMKG_PLAINTEXT", raising=False)
    with pytest.raises(UsageError, match="plaintext") as refused:
        require_protected("the API", host, setting="VLMKG_API_HOST")
    assert host in str(refused.value)
    assert "VLMKG_API_HOST=127.0.0.1" in refused.value.remedy
    monkeypatch.setenv("VLMKG_PLAINTEXT", "accepted")
    require_protected("the API", host, setting="VLMKG_API_HOST")


@pytest.mark.parametrize("host", CLOSED)
def test_loopback_needs_nothing(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLMKG_PLAINTEXT", "refused")
    require_protected("the API", host, setting="VLMKG_API_HOST")
    require_protected_doors(GatewaySettings(gateway_host=host), DOORS)


@pytest.mark.parametrize("host", OPEN)
@pytest.mark.parametrize("tls", subsets(sorted(NETWORK_DOORS)))
def test_each_door_needs_tls_or_consent(host: str, tls: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever doors are opened and whichever of them speak TLS: exactly those without it are refused."""
    monkeypatch.delenv("VLMKG_PLAINTEXT", raising=False)
    settings = GatewaySettings(gateway_host=host, tls_certificate=Path("x.pem"), tls_doors=",".join(tls))
    for doors in subsets(sorted(DOORS)):
        bare = [door for door in doors if door in NETWORK_DOORS and door not in tls]
        if bare:
            with pytest.raises(UsageError, match=f"door {bare[0]} "):
                require_protected_doors(settings, doors)
        else:
            require_protected_doors(settings, doors)


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("gateway", {"VLMKG_GATEWAY_HOST": "0.0.0.0", "VLMKG_GATEWAY_DOORS": "mllp", "VLMKG_MLLP_PORT": "0"}),
        ("api", {"VLMKG_API_HOST": "0.0.0.0", "VLMKG_API_PORT": "0"}),
    ],
)
def test_the_process_refuses_to_start(command: str, settings: dict[str, str], tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VLMKG_PLAINTEXT"} | settings
    run = [sys.executable, "-P", "-m", "vlmkg", command, "--data", str(tmp_path / "var")]
    ended = subprocess.run(run, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2
    assert "plaintext" in ended.stderr
    assert "VLMKG_PLAINTEXT=accepted" in ended.stderr
    assert not (tmp_path / "var").exists() or not list((tmp_path / "var").rglob("*.sqlite"))
