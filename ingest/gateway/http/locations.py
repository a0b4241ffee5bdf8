"""Where requests come from, and what a stored resource is called here: by the event that keeps it."""

from starlette.requests import Request


def address_of(request: Request) -> str:
    """The sender's address."""
    return request.client.host if request.client else ""


def base(request: Request) -> str:
    """The address of the FHIR door as the sender sees it."""
    return f"{request.url.scheme}://{request.headers.get('host', 'localhost')}/fhir"


def location(request: Request, kind: str, event_id: int) -> str:
    """The Location of a resource of that kind. Nothing is served there."""
    return f"{base(request)}/{kind}/{event_id}/_history/1"
