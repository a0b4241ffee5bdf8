"""Resolvers of root fields: run the query, shape the response, and record the access for the audit trail."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import strawberry

from api.context import ApiContext
from api.documents import Field, fields_of
from api.errors import ApiError, Code
from api.ledger_fields import fill
from api.response_plans import AnswerContext, ObjectPlan, PagePlan, Row, plan_object, plan_page
from api.strawberry_parts import Shaped, core_info
from graph.reads.fetching import fetch
from graph.reads.query_builder import PATIENT_COLUMN, ReadQuery
from graph.reads.selection import Page, Selection
from ingest.ledger.storage.database import Ledger

Info = strawberry.Info[ApiContext, None]
READS_ARGUMENTS = "vlmkg_reads_arguments"
T = TypeVar("T")
Resolver = TypeVar("Resolver", bound=Callable[..., Any])
PageQuery = Callable[[Page, tuple[Selection, ...]], ReadQuery]


def reads_arguments(resolver: Resolver) -> Resolver:
    """Mark a resolver that reads its arguments by `root_field`, or has none: it is called with None for each."""
    setattr(resolver, READS_ARGUMENTS, True)
    return resolver


def root_field(info: Info) -> Field:
    """The field of a root resolver."""
    raw, document = core_info(info), info.context.document
    found = fields_of(document, raw.parent_type, [raw.operation.selection_set])
    return next(one for one in found if one.nodes[0] is raw.field_nodes[0])


def answering_of(info: Info, *, keyed: bool = True) -> AnswerContext:
    """The context of an answer for this caller."""
    context = info.context
    return AnswerContext(context.document, context.counts, context.mask, keyed=keyed, caller=context.caller.name)


def given_key(info: Info, key: str) -> str:
    """The graph's key of what the caller names by the key that the caller was shown."""
    mask = info.context.mask
    return key if mask is None else mask.reveal(key)


def note_named(info: Info) -> None:
    """Note for the audit trail the patients that the question itself names: a count of one patient is that patient."""
    info.context.trail.saw(*_patients_in(root_field(info).arguments.get("where")))


def _patients_in(given: Any) -> Iterator[str]:
    """All values of `patientId` in a where-tree."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            if name == "patientId" and value is not None:
                yield value
            yield from _patients_in(value)
    elif isinstance(given, list):
        for value in given:
            yield from _patients_in(value)


async def ask(info: Info, query: ReadQuery) -> list[Row]:
    """The rows of a graph query. Their patients are recorded for the audit trail."""
    rows = await fetch(info.context.services.graph, query)
    info.context.trail.saw(*(row[PATIENT_COLUMN] for row in rows if query.names_patients))
    return rows


@dataclass(frozen=True, slots=True)
class LedgerAnswer(Generic[T]):
    """Rows of the ledger, and their patients, by pseudonym."""

    found: T
    patients: Collection[str]


async def ask_ledger(info: Info, question: Callable[[Ledger], LedgerAnswer[T]]) -> T:
    """The rows of a ledger query. Their patients are recorded for the audit trail."""
    answer = await asyncio.to_thread(question, info.context.services.receiver.ledger)
    info.context.trail.saw(*answer.patients)
    return answer.found


async def answer_page(info: Info, page_query: PageQuery, total_query: Callable[[], ReadQuery]) -> Shaped:
    """A connection: its page and, if it is selected, its total, asked for at once."""
    note_named(info)
    answering = answering_of(info)
    plan = plan_page(answering, root_field(info))
    rows, totals = await asyncio.gather(
        _nothing() if plan.nodes is None else ask(info, page_query(plan.page, plan.nodes)),
        ask(info, total_query()) if plan.page.total else _nothing(),
    )
    made = plan.shape(rows, totals[0]["total"] if totals else None)
    await fill(answering, info.context.services.receiver.ledger)
    return Shaped(made)


async def answer_one(info: Info, type_name: str, query: Callable[[tuple[Selection, ...]], ReadQuery]) -> Shaped | None:
    """One object, or None. Raises ApiError (AMBIGUOUS) if there are several."""
    answering = answering_of(info)
    plan = _plan(answering, info, type_name)
    rows = await ask(info, query(plan.selected))
    if len(rows) > 1:
        raise ApiError(Code.AMBIGUOUS, "this StudyInstanceUID belongs to studies of two patients: query by `studyKey`")
    made = [plan.shape(row["node"]) for row in rows]
    await fill(answering, info.context.services.receiver.ledger)
    return Shaped(made[0]) if made else None


async def answer_list(info: Info, type_name: str, query: Callable[[tuple[Selection, ...]], ReadQuery]) -> Shaped:
    """A list without pages."""
    plan = _plan(answering_of(info), info, type_name)
    return Shaped([plan.shape(row["node"]) for row in await ask(info, query(plan.selected))])


def shaped(info: Info, type_name: str, row: Row | None) -> Shaped | None:
    """An object whose row is complete, with nested objects by name."""
    plan = _plan(answering_of(info, keyed=False), info, type_name)
    return None if row is None else Shaped(plan.shape(row))


def own_page(info: Info) -> PagePlan:
    """The plan of a connection whose rows do not come from the graph."""
    return plan_page(answering_of(info, keyed=False), root_field(info))


def _plan(answering: AnswerContext, info: Info, type_name: str) -> ObjectPlan:
    return plan_object(answering, answering.document.schema.type_map[type_name], root_field(info).selections)


async def _nothing() -> list[Any]:
    return []
