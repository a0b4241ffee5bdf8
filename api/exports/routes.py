"""POST /exports/{name}: what a cohort counts, as a stream. The body is `{"where": CohortWhere}`, as GraphQL takes it.

The first part is computed before the response begins, so that a question that is refused gets an error of the API; if
a later part fails, the connection ends without the end of the stream, which every client notices.
"""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.endpoint import Endpoint, json_of, note_refusal, refusal, whole_body
from api.errors import ApiError, Code
from api.exports import csv_rows, fhir, radgraph
from api.exports.rows import Asker, patients_of, reading_of
from api.media_types import MediaType
from api.rights import Right
from vlmkg.errors import VlmkgError

log = structlog.get_logger()

Where = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """One kind of download. `needs` is the right that it needs beyond those of its questions."""

    media_type: str
    parts: Callable[[Asker, Where], AsyncIterator[str]]
    needs: Right = Right.READ


async def _csv(asker: Asker, where: Where) -> AsyncIterator[str]:
    yield csv_rows.header()
    async for found in patients_of(asker, where):
        yield csv_rows.lines_of(found)


async def _fhir(asker: Asker, where: Where) -> AsyncIterator[str]:
    yield fhir.OPENING
    separator = ""
    async for found in patients_of(asker, where):
        entries = ",".join(_json(entry) for entry in fhir.entries_of(found))
        yield separator + entries
        separator = "," if separator or entries else ""
    yield fhir.CLOSING


async def _radgraph(asker: Asker, where: Where) -> AsyncIterator[str]:
    yield radgraph.OPENING
    separator = ""
    async for found in patients_of(asker, where):
        for key in dict.fromkeys(finding["study"]["studyKey"] for finding in found.findings):
            reading = await reading_of(asker, key)
            for name, entry in radgraph.reports_of(reading) if reading else ():
                yield f"{separator}{json.dumps(name)}:{_json(entry)}"
                separator = ","
    yield radgraph.CLOSING


EXPORTS = {
    "findings.csv": Export("text/csv; charset=utf-8", _csv),
    "fhir.json": Export("application/fhir+json", _fhir),
    "radgraph.json": Export("application/json", _radgraph, Right.REPORT_TEXT),
}
"""The downloads, by the names of their files."""


async def answer_export(request: Request) -> Response:
    """The stream, or an error in the API's form."""
    endpoint: Endpoint = request.app.state.endpoint
    try:
        export = EXPORTS.get(request.path_params["name"])
        authorization = request.headers.get("authorization")
        caller = await endpoint.authenticator.admit(authorization)
        where = _where(request.headers.get("content-type", ""), await whole_body(request))
        if export is None:
            raise ApiError(Code.BAD_USER_INPUT, f"there is no such export: take one of {', '.join(EXPORTS)}")
        if not caller.may(export.needs):
            raise ApiError(Code.FORBIDDEN, f"the role {caller.role} has no right to this export")
        parts = export.parts(Asker(endpoint, authorization), where)
        head = [await anext(parts), await anext(parts, "")]
    except (VlmkgError, TimeoutError, GraphQLError) as error:
        known = error if isinstance(error, VlmkgError) else ApiError(Code.BAD_USER_INPUT, str(error))
        await note_refusal(endpoint, known)
        return refusal(known, MediaType.GRAPHQL)
    log.info("api.export", name=request.path_params["name"], role=caller.role.value)
    headers = {
        "Content-Disposition": f'attachment; filename="{request.path_params["name"]}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_joined(head, parts), media_type=export.media_type, headers=headers)


def export_routes() -> list[Route]:
    """The route of the downloads."""
    return [Route("/exports/{name}", answer_export, methods=["POST"])]


async def _joined(head: list[str], parts: AsyncIterator[str]) -> AsyncIterator[str]:
    for part in head:
        yield part
    async for part in parts:
        yield part


def _where(content_type: str, body: bytes) -> Where:
    # A form of another site can't send this type without a preflight request.
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise ApiError(Code.BAD_REQUEST, "the content type is not supported: send JSON as `application/json`")
    said = json_of(body)
    where = said.get("where") if isinstance(said, dict) else None
    if not isinstance(where, dict) or not set(where) <= {"finding", "patient"}:
        raise ApiError(
            Code.BAD_REQUEST, 'the body is no question: send {"where": {"finding": {...}, "patient": {...}}}'
        )
    return where


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
