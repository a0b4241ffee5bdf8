"""The MLLP door over TLS, and with senders' certificates."""

import ssl
from pathlib import Path

import pytest

from ingest.gateway.door import Reception
from tests.ingest.gateway.certificates import Certificates
from tests.ingest.gateway.mllp_peer import code_of, open_door
from tests.ingest.gateway.test_mllp import oru
from vlmkg.errors import UsageError


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("certificates"))


def server_settings(certificates: Certificates, **more: str) -> dict[str, str]:
    return {
        "VLMKG_TLS_CERTIFICATE": certificates.file("server.pem"),
        "VLMKG_TLS_KEY": certificates.file("server.key"),
        **more,
    }


def client(certificates: Certificates, name: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates.file("ca.pem"))
    if name:
        context.load_cert_chain(certificates.file(f"{name}.pem"), certificates.file(f"{name}.key"))
    return context


async def test_tls(reception: Reception, monkeypatch: pytest.MonkeyPatch, certificates: Certificates) -> None:
    async with open_door(reception, monkeypatch, **server_settings(certificates)) as mllp:
        peer = await mllp.connect(client(certificates))
        assert code_of(await peer.ask(oru(1))) == ("AA", "1")
        plain = await mllp.connect()
        await plain.send(b"\x0b" + oru(2) + b"\x1c\r")
        assert await plain.ended()
        assert len(mllp.events()) == 1


async def test_mutual_tls(reception: Reception, monkeypatch: pytest.MonkeyPatch, certificates: Certificates) -> None:
    settings = server_settings(certificates, VLMKG_TLS_CLIENT_CA=certificates.file("ca.pem"))
    async with open_door(reception, monkeypatch, **settings) as mllp:
        peer = await mllp.connect(client(certificates, "sender"))
        assert code_of(await peer.ask(oru(1))) == ("AA", "1")
        for name in (None, "stranger"):
            with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
                await (await mllp.connect(client(certificates, name))).ask(oru(2))
        assert len(mllp.events()) == 1


async def test_another_door_s_certificate_is_not_this_one_s(
    reception: Reception, monkeypatch: pytest.MonkeyPatch, certificates: Certificates
) -> None:
    async with open_door(reception, monkeypatch, **server_settings(certificates, VLMKG_TLS_DOORS="dicom")) as mllp:
        assert code_of(await (await mllp.connect()).ask(oru(1))) == ("AA", "1")


async def test_a_missing_certificate_is_a_usage_error(
    reception: Reception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="VLMKG_TLS_CERTIFICATE"):
        async with open_door(reception, monkeypatch, VLMKG_TLS_CERTIFICATE=str(tmp_path / "none.pem")):
            pass
