"""Queries of the graph."""

import asyncio
from typing import Annotated

import strawberry
from strawberry.tools import merge_types
from strawberry.types import get_object_definition

from api.caller_queries import CallerQueries
from api.cohort_cypher import cohort_cypher
from api.cohorts import Cohort, CohortWhereInput, cohort_questions, cohort_row
from api.documents import fields_of
from api.errors import ApiError, Code
from api.event_queries import EventQueries, answer_event
from api.film_queries import FilmQueries
from api.graph_types import (
    After,
    Checkpoint,
    Concept,
    FindingConnection,
    First,
    Node,
    Patient,
    PatientConnection,
    Study,
    StudyConnection,
    UnmappedTerm,
    Where,
)
from api.ids import split
from api.inputs import (
    PatientIdentifier,
    PatientWhereInput,
    StudyWhereInput,
    finding_where,
    patient_where,
    study_where,
)
from api.resolvers import (
    Info,
    answer_list,
    answer_one,
    answer_page,
    ask,
    given_key,
    note_named,
    reads_arguments,
    root_field,
    shaped,
)
from api.response_plans import Row, first_of
from api.review_queries import ReviewQueries
from api.strawberry_parts import Shaped
from graph.reads.concepts import concept_by_code, concept_search, unmapped_terms
from graph.reads.engines import engine_in_use
from graph.reads.findings import finding_by_id, finding_page, finding_total
from graph.reads.patients import patient_by_id, patient_page, patient_total
from graph.reads.studies import StudyOrder, studies_by_uid, study_by_key, study_page, study_total
from ingest import pseudonyms
from ingest.ledger.studies.merges import survivor_of

strawberry.enum(StudyOrder, description="The order of a list of studies by time. Unknown times are last in both.")

_SHOWN_KEYS = {"Finding", "Study"}
"""Types whose ids contain a key that is masked for some callers."""

_BY_KEY = {
    "Finding": finding_by_id,
    "Patient": patient_by_id,
    "Study": study_by_key,
    "Concept": concept_by_code,
}


@strawberry.type
class GraphQueries:
    """Each runs one Cypher query, which includes nested objects."""

    @strawberry.field(description="One object of any type, by its id.", graphql_type=Node | None)
    async def node(self, info: Info, id: strawberry.ID) -> Shaped | None:  # noqa: A002
        """By the type in the id."""
        type_name, key = split(id)
        if type_name == "Event":
            return await answer_event(info, key)
        own = given_key(info, key) if type_name in _SHOWN_KEYS else key
        return await answer_one(info, type_name, lambda selected: _BY_KEY[type_name](own, selected))

    @strawberry.field(
        description="A patient by pseudonym, or by the sender's identifier (not for researchers).",
        graphql_type=Patient | None,
    )
    async def patient(
        self, info: Info, patient_id: str | None = None, identifier: PatientIdentifier | None = None
    ) -> Shaped | None:
        """The pseudonym is computed here; the identifier itself is not passed on."""
        if (patient_id is None) == (identifier is None):
            raise ApiError(Code.BAD_USER_INPUT, "the patient is not clear: give either `patientId` or `identifier`")
        if identifier is not None:
            key = info.context.services.receiver.pseudonym_key
            patient_id = pseudonyms.patient_id(key, identifier.authority, identifier.value)
        given_id = str(patient_id)
        # Merged patients are rare: the ledger looks up the survivor while the graph already reads the given patient.
        found, left_id = await asyncio.gather(_patient(info, given_id), asyncio.to_thread(_survivor, info, given_id))
        info.context.trail.saw(left_id)
        return found if left_id == given_id else await _patient(info, left_id)

    @strawberry.field(description="A page of patients.", graphql_type=PatientConnection)
    @reads_arguments
    async def patients(
        self, info: Info, where: PatientWhereInput | None = None, first: First = 20, after: After = None
    ) -> Shaped:
        """Ordered by pseudonym."""
        del where, first, after
        tree = patient_where(root_field(info).arguments.get("where"))
        query = lambda page, nodes: patient_page(tree, page, nodes)  # noqa: E731
        return await answer_page(info, query, lambda: patient_total(tree))

    @strawberry.field(
        description="A study by its key, or by its StudyInstanceUID (not for researchers).", graphql_type=Study | None
    )
    async def study(self, info: Info, study_uid: str | None = None, study_key: str | None = None) -> Shaped | None:
        """A UID of two patients is refused as ambiguous."""
        if study_key is not None and study_uid is None:
            key = given_key(info, study_key)
            return await answer_one(info, "Study", lambda selected: study_by_key(key, selected))
        if study_uid is not None and study_key is None:
            uid = study_uid
            return await answer_one(info, "Study", lambda selected: studies_by_uid(uid, selected))
        raise ApiError(Code.BAD_USER_INPUT, "the study is not clear: give either `studyUid` or `studyKey`")

    @strawberry.field(description="A page of studies.", graphql_type=StudyConnection)
    @reads_arguments
    async def studies(
        self,
        info: Info,
        where: StudyWhereInput | None = None,
        first: First = 20,
        after: After = None,
        order: StudyOrder = StudyOrder.OLDEST_FIRST,
    ) -> Shaped:
        """Ordered by time, unknown times last."""
        del where, first, after, order
        given = root_field(info).arguments
        tree, ordered = study_where(given.get("where")), StudyOrder(given["order"])
        query = lambda page, nodes: study_page(tree, page, nodes, ordered)  # noqa: E731
        return await answer_page(info, query, lambda: study_total(tree))

    @strawberry.field(description="A page of findings of all patients.", graphql_type=FindingConnection)
    @reads_arguments
    async def findings(self, info: Info, where: Where = None, first: First = 20, after: After = None) -> Shaped:
        """Ordered by the time of the study, unknown times last."""
        del where, first, after
        tree = finding_where(root_field(info).arguments.get("where"))
        query = lambda page, nodes: finding_page(tree, page, nodes)  # noqa: E731
        return await answer_page(info, query, lambda: finding_total(tree))

    @strawberry.field(
        description="Concepts whose name or a synonym contains the text: exact matches first, then prefixes.",
        graphql_type=list[Concept],
    )
    async def concepts(self, info: Info, search: str | None = None, first: First = 20) -> Shaped:
        """All concepts, if there is no text."""
        del first
        limit = first_of(root_field(info))
        return await answer_list(info, "Concept", lambda selected: concept_search(search, limit, selected))

    @strawberry.field(description="A concept by its code.", graphql_type=Concept | None)
    async def concept(self, info: Info, code: str) -> Shaped | None:
        """None if the graph does not have it."""
        return await answer_one(info, "Concept", lambda selected: concept_by_code(code, selected))

    @strawberry.field(
        description="Counts of patients and studies with matching findings. Small counts are suppressed.",
        graphql_type=Cohort,
    )
    @reads_arguments
    async def cohort(self, info: Info, where: CohortWhereInput) -> Shaped | None:
        """By concept, location and month."""
        del where
        note_named(info)
        field = root_field(info)
        selected = {each.name for each in fields_of(info.context.document, field.type, field.selections)}
        rows: list[Row] = []
        for question in cohort_questions(field.arguments["where"], selected):
            rows = rows or await ask(info, question)
        return shaped(info, "Cohort", cohort_row(rows[0], info.context.counts))

    @strawberry.field(
        description="The question of a cohort as one Cypher statement, to be pasted into Neo4j Browser. It counts "
        "without suppression there."
    )
    @reads_arguments
    async def cohort_cypher(self, info: Info, where: CohortWhereInput) -> str:
        """Nothing is asked of the graph."""
        del where
        note_named(info)
        return cohort_cypher(root_field(info).arguments["where"])

    @strawberry.field(
        description="Terms of reports that no vocabulary contains, most frequent first.",
        graphql_type=list[UnmappedTerm],
    )
    @reads_arguments
    async def unmapped_terms(
        self, info: Info, first: Annotated[int, strawberry.argument(description="At most 200.")] = 50
    ) -> Shaped:
        """For extending the vocabulary."""
        del first
        limit = first_of(root_field(info))
        return await answer_list(info, "UnmappedTerm", lambda _wanted: unmapped_terms(limit))

    @strawberry.field(
        description="The engine of the newest reading in the graph; null in an empty graph.",
        graphql_type=Checkpoint | None,
    )
    @reads_arguments
    async def checkpoint(self, info: Info) -> Shaped | None:
        """With the number of other engines with readings in the graph."""
        return await answer_one(info, "Checkpoint", lambda _wanted: engine_in_use())


async def _patient(info: Info, patient_id: str) -> Shaped | None:
    return await answer_one(info, "Patient", lambda selected: patient_by_id(patient_id, selected))


def _survivor(info: Info, patient_id: str) -> str:
    """The survivor of a merged patient: the graph has only survivors."""
    with info.context.services.receiver.ledger.read() as connection:
        return survivor_of(connection, patient_id)


Query = merge_types("Query", (GraphQueries, EventQueries, CallerQueries, FilmQueries, ReviewQueries))
"""All root fields."""
_DESCRIPTION = "Queries of patients, studies, findings and concepts, and of received messages."
get_object_definition(Query, strict=True).description = _DESCRIPTION
