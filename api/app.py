"""The application: its resources are opened when the process starts to serve, and closed when it ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from api.audit import AuditWriter
from api.browser_guide import browser_guide_routes
from api.callers import authenticator
from api.context import Services
from api.endpoint import Endpoint, answer
from api.exports.routes import export_routes
from api.graphiql import graphiql_routes
from api.health import parts_answering
from api.metrics import answer_metrics, new_metrics
from api.oidc.issuer_keys import open_issuer_keys
from api.oidc.settings import OidcSettings
from api.oidc.tokens import TokenReader
from api.operations import Operations
from api.page import page_routes
from api.schema import build_schema
from api.settings import ApiSettings, require_safe
from api.sign_in import provider_origin, sign_in_routes
from api.strawberry_parts import core_schema
from api.websocket import serve
from graph.connection import open_async_driver
from graph.reads.fetching import GraphReader
from graph.settings import Neo4jSettings
from ingest.receiving.submit import Receiver
from ingest.remembered import Remembered

LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"]


@dataclass(frozen=True, slots=True)
class Parts:
    """The resources of the API. `open_receiver` is called in the serving process, after any fork."""

    neo4j: Neo4jSettings
    open_receiver: Callable[[], Receiver]
    broker_url: str | None


def create_app(settings: ApiSettings, parts: Parts, oidc: OidcSettings | None = None) -> Starlette:
    """The application. `oidc`: tokens of this issuer are accepted in addition to keys.

    Raises UsageError if the settings would allow access without a key from other machines.
    """
    require_safe(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            driver = await opened.enter_async_context(open_async_driver(parts.neo4j))
            tokens = TokenReader(oidc, await opened.enter_async_context(open_issuer_keys(oidc))) if oidc else None
            receiver = parts.open_receiver()
            writer = AuditWriter(receiver.ledger)
            services = Services(settings, GraphReader(driver, parts.neo4j.database, settings.timeout_s), receiver)
            keeper = authenticator(receiver.ledger, tokens, everyone_is_admin=not settings.auth)
            schema = build_schema(settings)
            operations = Operations(core_schema(schema), settings.max_tokens)
            app.state.endpoint = Endpoint(schema, operations, services, keeper, writer, new_metrics())
            try:
                yield
            finally:
                writer.close()
                receiver.ledger.close()

    # Against DNS rebinding: a web page must not reach an open API by a name that resolves to this machine.
    loopback = Middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK_NAMES)
    routes = [*_routes(parts), *export_routes(), *graphiql_routes(settings.graphiql)]
    routes += [*browser_guide_routes(), *sign_in_routes(oidc), *page_routes(provider=provider_origin(oidc))]
    return Starlette(lifespan=lifespan, routes=routes, middleware=[] if settings.auth else [loopback])


def _routes(parts: Parts) -> list[BaseRoute]:
    async def graphql(request: Request) -> Response:
        return await answer(request.app.state.endpoint, request)

    async def subscriptions(socket: WebSocket) -> None:
        await serve(socket.app.state.endpoint, socket)

    async def alive(_: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def metrics(request: Request) -> Response:
        endpoint: Endpoint = request.app.state.endpoint
        return await answer_metrics(endpoint.metrics, endpoint.services.receiver.ledger)

    answers = Remembered[dict[str, bool]]()

    async def ready(request: Request) -> JSONResponse:
        services: Services = request.app.state.endpoint.services
        ask = partial(parts_answering, services.graph, services.receiver.ledger, parts.broker_url)
        answering = await answers.get(ask)
        missing = sorted(name for name, answers in answering.items() if not answers)
        shown = {name: "ok" if answers else "does not answer" for name, answers in answering.items()}
        return JSONResponse(shown, status_code=503 if missing else 200)

    return [
        Route("/graphql", graphql, methods=["POST"]),
        WebSocketRoute("/graphql", subscriptions),
        Route("/healthz", alive),
        Route("/metrics", metrics),
        Route("/readyz", ready),
    ]
