"""The ids of resources: which of them are identifiers, and the ids that are assigned here.

An id sent by POST is ignored (FHIR R4 3.1.0.8). The id that is assigned instead is derived from the message's bytes.
The door returns it, and it is the report id of a report without identifiers. So a PUT with that id is a new version of
the report.
"""

import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

_RESERVED = (
    "localhost",
    "example",
    "example.com",
    "example.org",
    "example.net",
    "invalid",
    "test",
    "local",
    "internal",
)
"""Host names, or suffixes of them, that are not unique (RFC 2606, RFC 6761, RFC 6762)."""
_GIVEN = re.compile(r"[0-9a-f]{32}(?:-[0-9]+)?")


def given_id(digest: str, place: int = 0) -> str:
    """The id of a created resource. `digest` is the message's SHA-256 in hex, `place` the index of its entry."""
    return f"{digest[:32]}-{place}" if place else digest[:32]


def is_given(name: str) -> bool:
    """Whether an id has the form of those assigned here."""
    return _GIVEN.fullmatch(name) is not None


def names_by_id(entry: dict[str, Any], *, from_file: bool) -> bool:
    """Whether an entry's id, or the one in its URL, identifies the resource outside the message.

    In a request, only the id of a PUT does. In an exported file every id does. Otherwise the full URL must name the
    server.
    """
    request = entry.get("request")
    if isinstance(request, dict):
        return request.get("method") == "PUT"
    return from_file or is_of_one_server(str(entry.get("fullUrl")))


def is_of_one_server(url: str) -> bool:
    """Whether a URL is globally unique: its host has a public name or address."""
    if not url.startswith(("http://", "https://")):
        return False
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    if not host.isascii() or ("." not in host and ":" not in host):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return not any(host == name or host.endswith(f".{name}") for name in _RESERVED)


def put_id(entry: dict[str, Any]) -> str:
    """The id in the URL of a PUT; empty if there is none."""
    request = entry.get("request")
    url = request.get("url") if isinstance(request, dict) else None
    if not isinstance(url, str) or "?" in url:
        return ""
    return url.partition("/_history")[0].rpartition("/")[2] if "/" in url else ""


def condition_of(entry: dict[str, Any]) -> str:
    """The condition of an entry: that of `PUT Type?...`, else `ifNoneExist`; empty if there is none."""
    request = entry.get("request")
    if not isinstance(request, dict):
        return ""
    url, only_if = request.get("url"), request.get("ifNoneExist")
    if isinstance(url, str) and request.get("method") == "PUT" and "?" in url:
        return url.partition("?")[2]
    return only_if if isinstance(only_if, str) else ""
