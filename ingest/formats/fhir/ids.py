"""The ids of resources: which of them name anything, and those that are given here.

An id that is sent by POST is the client's own and names nothing (FHIR R4 3.1.0.8). The id that is given instead comes
of the message's bytes: the door answers with it, and a report that names itself by nothing else is called so. So a
PUT under that id is a new version of the report.
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
"""Names of hosts, or their ends, that mean another server to everyone who uses them (RFC 2606, RFC 6761, RFC 6762)."""
_GIVEN = re.compile(r"[0-9a-f]{32}(?:-[0-9]+)?")


def given_id(digest: str, place: int = 0) -> str:
    """The id of a resource that was created. `digest` is the message's SHA-256 in hex, `place` that among its
    entries."""
    return f"{digest[:32]}-{place}" if place else digest[:32]


def is_given(name: str) -> bool:
    """Whether an id has the form of those that are given here."""
    return _GIVEN.fullmatch(name) is not None


def names_by_id(entry: dict[str, Any], *, from_file: bool) -> bool:
    """Whether an entry's id, or that in its URL, names the resource beyond the message.

    By PUT the client says what it is called. What was exported into a file keeps its name. Else it is only where its
    full URL says of which server it is.
    """
    request = entry.get("request")
    if isinstance(request, dict):
        return request.get("method") == "PUT"
    return from_file or is_of_one_server(str(entry.get("fullUrl")))


def is_of_one_server(url: str) -> bool:
    """Whether an address means the same resource to everyone: it is of a host with a public name or number."""
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
    """The id in the URL of a PUT; empty where there is none."""
    request = entry.get("request")
    url = request.get("url") if isinstance(request, dict) else None
    if not isinstance(url, str) or "?" in url:
        return ""
    return url.partition("/_history")[0].rpartition("/")[2] if "/" in url else ""


def condition_of(entry: dict[str, Any]) -> str:
    """The condition of an entry: that of `PUT Type?...`, else `ifNoneExist`; empty where there is none."""
    request = entry.get("request")
    if not isinstance(request, dict):
        return ""
    url, only_if = request.get("url"), request.get("ifNoneExist")
    if isinstance(url, str) and request.get("method") == "PUT" and "?" in url:
        return url.partition("?")[2]
    return only_if if isinstance(only_if, str) else ""
