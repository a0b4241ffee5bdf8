"""Where requests come from, and what a stored resource is called here."""

from typing import Protocol

from starlette.requests import Request


class Called(Protocol):
    """What has a name and a version here."""

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
    """The Location of a resource's version. Nothing is served there."""
    return f"{base(request)}/{version.kind}/{version.id}/_history/{version.event_id}"
