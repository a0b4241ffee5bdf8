"""The application of the HTTP door."""

from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingest.gateway.door import Reception
from ingest.gateway.http import fhir, stow
from ingest.gateway.http.capability import REPORT, STUDY


def make_app(reception: Reception, largest_body: int) -> Starlette:
    """The application. `largest_body`: bytes of one STOW-RS request."""

    async def store(request: Request) -> Response:
        return await stow.store(request, reception, largest_body)

    take = partial(fhir.take, reception=reception)

    async def transaction(request: Request) -> Response:
        return await take(request)

    def create(kind: str) -> Route:
        async def endpoint(request: Request) -> Response:
            request.path_params["kind"] = kind
            return await take(request)

        return Route(f"/fhir/{kind}", endpoint, methods=["POST"])

    async def metadata(request: Request) -> Response:
        return fhir.metadata(request)

    return Starlette(
        routes=[
            Route("/dicomweb/studies", store, methods=["POST"]),
            Route("/dicomweb/studies/{uid}", store, methods=["POST"]),
            Route("/fhir", transaction, methods=["POST"]),
            Route("/fhir/", transaction, methods=["POST"]),
            create(REPORT),
            create(STUDY),
            Route("/fhir/metadata", metadata, methods=["GET"]),
        ]
    )
