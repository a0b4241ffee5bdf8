"""The HTTP door over TLS, and with senders' certificates instead of keys."""

import json
import ssl

import httpx2
import pytest

from ingest.gateway.door import Reception
from tests.ingest.formats.fhir.test_parser import diagnostic_report
from tests.ingest.gateway.certificates import Certificates
from tests.ingest.gateway.http.conftest import open_http
from tests.ingest.gateway.http.test_fhir_door import FHIR
from tests.ingest.gateway.test_mllp_tls import client, server_settings


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("certificates"))


async def post(base: str, context: ssl.SSLContext, headers: dict[str, str]) -> int:
    async with httpx2.AsyncClient(verify=context, timeout=20) as sender:
        answer = await sender.post(
            f"{base}/fhir/DiagnosticReport", content=json.dumps(diagnostic_report()), headers=headers
        )
    return answer.status_code


async def test_tls(reception: Reception, monkeypatch: pytest.MonkeyPatch, certificates: Certificates) -> None:
    """A key is needed all the same, and nothing is understood that is not TLS."""
    async with open_http(reception, monkeypatch, **server_settings(certificates)) as http:
        assert http.base.startswith("https://")
        key = {"Authorization": http.client.headers["Authorization"]}
        assert await post(http.base, client(certificates), FHIR | key) == 201
        assert await post(http.base, client(certificates), FHIR) == 401
        with pytest.raises(httpx2.TransportError):
            await post(http.base.replace("https", "http"), client(certificates), FHIR | key)
        assert len(http.events()) == 1


async def test_mutual_tls(reception: Reception, monkeypatch: pytest.MonkeyPatch, certificates: Certificates) -> None:
    settings = server_settings(certificates, VLMKG_TLS_CLIENT_CA=certificates.file("ca.pem"))
    async with open_http(reception, monkeypatch, **settings) as http:
        assert await post(http.base, client(certificates, "sender"), FHIR) == 201
        for name in (None, "stranger"):
            with pytest.raises(httpx2.TransportError):
                await post(http.base, client(certificates, name), FHIR)
        assert len(http.events()) == 1
