"""GraphiQL at GET /graphql, only from local files.

The page may be opened with the key in the fragment, /graphql#key=KEY: browsers do not send fragments to servers.
Queries are not stored beyond the tab.
"""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"
OWN = {"explorer.html": "text/html", "explorer.js": "text/javascript", "explorer.css": "text/css"}
VENDOR = {
    "graphiql.js": "text/javascript",
    "graphiql.css": "text/css",
    "codicon.ttf": "font/ttf",
    "editor.worker.js": "text/javascript",
    "graphql.worker.js": "text/javascript",
    "json.worker.js": "text/javascript",
}
"""What tools/graphiql/bundle.mjs writes, and `make setup` calls."""

# GraphiQL's editor sets style attributes; scripts are loaded only from files.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_MISSING = """<!doctype html><title>VLM-KG</title><p>GraphiQL's files are not here: run <code>make setup</code>.
The API itself answers POST requests at this address.</p>"""


def graphiql_routes(vendor: Path) -> list[Route]:
    """The page at GET /graphql, and its files below /graphql/files. `vendor` is the folder of GraphiQL's own."""

    def page(_: Request) -> Response:
        if not all((vendor / name).is_file() for name in VENDOR):
            return HTMLResponse(_MISSING, headers=HEADERS)
        return FileResponse(STATIC / "explorer.html", media_type="text/html", headers=HEADERS)

    def file(request: Request) -> Response:
        # Only names of the two tables: no path is built from another name.
        name = request.path_params["name"]
        if name in OWN:
            return FileResponse(STATIC / name, media_type=OWN[name], headers=HEADERS)
        if name in VENDOR and (vendor / name).is_file():
            return FileResponse(vendor / name, media_type=VENDOR[name], headers=HEADERS)
        raise HTTPException(404)

    return [Route("/graphql", page, methods=["GET"]), Route("/graphql/files/{name}", file, methods=["GET"])]
