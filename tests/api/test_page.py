"""The page's files: served without a key, under a strict policy, and nothing else beside them."""

import gzip
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.page import BUILT, PLACES, page_routes
from api.sign_in import provider_origin, sign_in_routes

LARGEST = 300 * 1024
"""Bytes of scripts and styles, packed."""


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=list(page_routes())))


@pytest.mark.parametrize("place", PLACES)
def test_every_address_that_people_share_gives_the_page(client: TestClient, place: str) -> None:
    response = client.get(place.replace("{key}", "0123abcd"))
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-cache")
    assert response.text == (BUILT / "index.html").read_text()
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_assets_are_kept_for_they_are_named_by_their_content(client: TestClient) -> None:
    named = re.findall(r'(?:src|href)="(/assets/[^"]+)"', (BUILT / "index.html").read_text())
    assert {Path(name).suffix for name in named} == {".js", ".css"}
    for name in named:
        response = client.get(name)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-type"].startswith("text/")


@pytest.mark.parametrize("name", ["index.html", "..%2findex.html", "%2e%2e/index.html", "nothing.js", "LICENSES.txt"])
def test_no_other_file_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404


def test_without_a_build_the_page_says_what_to_do(tmp_path: Path) -> None:
    response = TestClient(Starlette(routes=list(page_routes(tmp_path)))).get("/")
    assert response.status_code == 503
    assert "make page" in response.text


def test_the_build_is_small_and_names_no_other_server() -> None:
    files = [file for file in BUILT.rglob("*") if file.suffix in {".js", ".css", ".html"}]
    assert sum(len(gzip.compress(file.read_bytes(), mtime=0)) for file in files) < LARGEST
    addresses = {found for file in files for found in re.findall(r"https?://[^\s\"'`)]+", file.read_text())}
    # Names of XML namespaces are no addresses.
    assert {one for one in addresses if not one.startswith("http://www.w3.org/")} == set()
    page = (BUILT / "index.html").read_text()
    assert re.findall(r"<style|style=|<script(?![^>]*\ssrc=)|\son\w+=", page) == []


def test_without_an_identity_provider_the_page_asks_nobody_else() -> None:
    client = TestClient(Starlette(routes=[*sign_in_routes(None), *page_routes(provider=provider_origin(None))]))
    assert client.get("/sign-in").json() == {"oidc": None}
    assert "connect-src 'self';" in client.get("/signed-in").headers["content-security-policy"]
