"""How root fields ask the graph: the question, its answer, and the note of it in the audit trail."""

import asyncio
from collections.abc import Callable

from api.cursors import Listed
from api.documents import Document, Field
from api.errors import ApiError, Code
from api.rows import Info, Row, connection
from api.selection import asks, nodes_of, page_of, wanted_of
from graph.reads.draft import ReadQuery
from graph.reads.fetching import fetch
from graph.reads.wanted import Page, Wanted

PageQuery = Callable[[Page, tuple[Wanted, ...]], ReadQuery]


async def ask(info: Info, query: ReadQuery) -> list[Row]:
    """The rows of a query. The patients that its rows name are noted."""
    rows = await fetch(info.context.services.graph, query)
    info.context.trail.saw(*(row["patientId"] for row in rows if "patientId" in row))
    return rows


async def ask_page(
    info: Info, document: Document, asked: Field, listed: Listed, page_query: PageQuery, total_query: ReadQuery
) -> Row:
    """A connection: its page and, if it is selected, its total, asked for at once."""
    page = page_of(document, listed, asked)
    nodes = nodes_of(document, info.context.keys, asked)
    wants_rows = asks(document, asked, "edges") or asks(document, asked, "pageInfo")
    rows, totals = await asyncio.gather(
        ask(info, page_query(page, nodes)) if wants_rows else _nothing(),
        ask(info, total_query) if page.total else _nothing(),
    )
    total = totals[0]["total"] if totals else None
    found: Row = connection(listed, rows, page.first, asked.arguments.get("after"), total)
    return found


async def ask_one(
    info: Info, document: Document, asked: Field, type_name: str, query: Callable[[tuple[Wanted, ...]], ReadQuery]
) -> Row | None:
    """One object, or None. Raises ApiError (AMBIGUOUS) where there are several."""
    type_ = document.schema.type_map[type_name]
    rows = await ask(info, query(wanted_of(document, info.context.keys, type_, asked)))
    if len(rows) > 1:
        raise ApiError(Code.AMBIGUOUS, "two patients claim this StudyInstanceUID: ask by `studyKey`")
    return {**rows[0]["node"], "__typename": type_name} if rows else None


async def _nothing() -> list[Row]:
    return []
