"""The guide for Neo4j Browser at /browser/guide.html. It holds no data, so it asks for no key."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from graph.browser.guide import HEADERS, PATH, PREFLIGHT, guide_html


def browser_guide_routes() -> list[Route]:
    """The guide, and the answer to the preflight that Browser sends before it."""
    content = guide_html()

    def guide(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=PREFLIGHT)
        return HTMLResponse(content, headers=HEADERS)

    return [Route(PATH, guide, methods=["GET", "OPTIONS"])]
