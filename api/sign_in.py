"""GET /sign-in: how the page's people sign in with their identity provider, if it is set. It holds no secret."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from api.oidc.settings import OidcSettings


def sign_in_routes(oidc: OidcSettings | None) -> list[Route]:
    """The route. The page is a public client: authorization code with PKCE (RFC 7636), without a secret."""
    told = None
    if oidc is not None and oidc.client_id:
        told = {"issuer": oidc.issuer, "clientId": oidc.client_id, "scope": oidc.scope}

    def answer(_: Request) -> JSONResponse:
        return JSONResponse({"oidc": told}, headers={"Cache-Control": "no-store"})

    return [Route("/sign-in", answer, methods=["GET"])]


def provider_origin(oidc: OidcSettings | None) -> str | None:
    """The origin that the page may ask besides its own; None without a client of the page."""
    if oidc is None or not oidc.client_id:
        return None
    parts = urlsplit(oidc.issuer)
    return f"{parts.scheme}://{parts.netloc}"
