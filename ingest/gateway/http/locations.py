"""Addresses of requests, and URLs of stored resources."""

from typing import Protocol

from starlette.requests import Request


class Called(Protocol):
    """A resource with an id and a version here."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def event_id(self) -> int: ...  # noqa: D102


def address_of(request: Request) -> str:
    """The sender's address."""
    return request.client.host if request.client else ""


def base(request: Request) -> str:
    """The address of the FHIR door as the sender sees it."""
    return f"{request.url.scheme}://{request.headers.get('host', 'localhost')}/fhir"


def location(request: Request, version: Called) -> str:
    """The Location of a resource's version. It can't be fetched."""
    return f"{base(request)}/{version.kind}/{version.id}/_history/{version.event_id}"
