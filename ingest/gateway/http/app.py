"""The application of the HTTP door."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ingest.formats.fhir.bundle_splitting import REPORT, STUDY
from ingest.gateway.door import Reception
from ingest.gateway.http import fhir, stow
from ingest.gateway.http.outcomes import problem
from ingest.gateway.http.watching import watching_routes
from ingest.gateway.rate import Rate
from ingest.unexpected_errors import say


def make_app(reception: Reception, largest_body: int, rate: Rate) -> Starlette:
    """The application. `largest_body`: the maximum bytes of one STOW-RS request."""

    async def store(request: Request) -> Response:
        return await _answered(request, partial(stow.store, reception=reception, limit=largest_body, rate=rate))

    async def take(request: Request) -> Response:
        return await _answered(request, partial(fhir.take, reception=reception, rate=rate))

    def resource(kind: str) -> list[Route]:
        async def endpoint(request: Request) -> Response:
            request.path_params["kind"] = kind
            return await take(request)

        return [
            *(Route(f"/fhir/{kind}{slash}", endpoint, methods=["POST", "PUT"]) for slash in ("", "/")),
            Route(f"/fhir/{kind}/{{id}}", endpoint, methods=["PUT"]),
        ]

    async def process(request: Request) -> Response:
        request.path_params["operation"] = "process-message"
        return await take(request)

    async def metadata(request: Request) -> Response:
        return fhir.metadata(request)

    return Starlette(
        routes=[
            Route("/dicomweb/studies", store, methods=["POST"]),
            # Clients don't follow a redirection with a body.
            Route("/dicomweb/studies/", store, methods=["POST"]),
            Route("/dicomweb/studies/{uid}", store, methods=["POST"]),
            Route("/fhir", take, methods=["POST"]),
            Route("/fhir/", take, methods=["POST"]),
            *(Route(f"/fhir/Bundle{slash}", take, methods=["POST"]) for slash in ("", "/")),
            Route("/fhir/$process-message", process, methods=["POST"]),
            *resource(REPORT),
            *resource(STUDY),
            Route("/fhir/metadata", metadata, methods=["GET"]),
            *watching_routes(reception),
        ],
        exception_handlers={404: _not_there, 405: _not_there},
    )


async def _not_there(request: Request, error: Exception) -> Response:
    """The answer to unknown paths: an OperationOutcome, as FHIR clients expect."""
    found = error if isinstance(error, HTTPException) else HTTPException(404)
    if not request.url.path.startswith("/fhir"):
        return PlainTextResponse(found.detail, found.status_code, found.headers)
    words = "resources are accepted here, not served: see the CapabilityStatement at /metadata"
    return problem(found.status_code, "not-supported", words, dict(found.headers or {}))


async def _answered(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """The answer; 500 for an unexpected error. It is caught here, because the server would log its message."""
    try:
        return await answer(request)
    except Exception as error:  # noqa: BLE001 - logged and answered; nothing is said to be stored
        say("http.unforeseen", error)
        return problem(500, "exception", "an unexpected error of the receiver: send it again")
