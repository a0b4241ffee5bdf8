"""The page at `/` and its files, as `make page` builds them from web/. They hold no data: those come from /graphql.

The build is committed (docs/decisions/0295-the-page-is-committed-as-built.md). Names of assets hold a digest of their
content, so browsers may keep them; the page itself is asked for anew each time.
"""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

BUILT = Path(__file__).parent / "static" / "page"
PLACES = ("/", "/studies", "/studies/{key}", "/patients/{key}", "/review", "/cohort", "/feed", "/signed-in")
"""Addresses that people share. The page's own router reads them."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FRESH = HEADERS | {"Cache-Control": "no-cache"}
_KEPT = HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
_TYPES = {".js": "text/javascript", ".css": "text/css"}

_MISSING = """<!doctype html><title>VLM-KG</title><p>The files of the page are not here: run <code>make page</code>
(it needs Node.js 20 and npm), or install the release again. The API itself answers at <a href="/graphql">/graphql</a>.
"""


def page_routes(built: Path = BUILT, provider: str | None = None) -> list[Route]:
    """The page at each of its addresses, and its assets. `built` is the folder of the build.

    `provider` is the origin of the identity provider that the page asks for tokens.
    """
    fresh = _FRESH
    if provider is not None:
        policy = _FRESH["Content-Security-Policy"].replace("connect-src 'self'", f"connect-src 'self' {provider}")
        fresh = _FRESH | {"Content-Security-Policy": policy}
    assets = {file.name: file for file in (built / "assets").glob("*") if file.suffix in _TYPES}

    def page(_: Request) -> Response:
        if not (built / "index.html").is_file():
            return HTMLResponse(_MISSING, status_code=503, headers=fresh)
        return FileResponse(built / "index.html", media_type="text/html", headers=fresh)

    def asset(request: Request) -> Response:
        # Only names that were listed at the start: no path is built from another name.
        found = assets.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        return FileResponse(found, media_type=_TYPES[found.suffix], headers=_KEPT)

    return [*(Route(place, page, methods=["GET"]) for place in PLACES), Route("/assets/{name}", asset, methods=["GET"])]
