"""Mutations: submit reports, in the same way as every other source; replay events; review findings."""

import asyncio
import datetime
from enum import Enum
from typing import Annotated

import strawberry
from pydantic import ValidationError

from api.errors import ApiError, Code
from api.event_queries import event_row_of
from api.event_types import Event
from api.ids import event_number
from api.missed import mark_missed, withdraw_missed
from api.missed_types import MissedFinding, MissedFindingInput
from api.resolvers import Info, shaped
from api.review_types import ReviewVerdict
from api.reviewing import ReviewFindingPayload, review_finding
from api.scalars import DateTime
from api.strawberry_parts import Shaped
from ingest.formats.graphql import Submission, SubmittedPatient, SubmittedReport, SubmittedStudy, raw_of
from ingest.formats.origin import Format, Origin
from ingest.messages import ReportStatus
from ingest.receiving.replay import replay
from ingest.receiving.submit import ReceivedMessage, receive
from vlmkg.schema import Presence


class SubmittedStatus(Enum):
    """The status of a report, by name."""

    PRELIMINARY = ReportStatus.PRELIMINARY
    FINAL = ReportStatus.FINAL
    CORRECTED = ReportStatus.CORRECTED
    WITHDRAWN = ReportStatus.WITHDRAWN


strawberry.enum(
    SubmittedStatus,
    name="ReportStatus",
    description="The status of a report. After WITHDRAWN the report has no current version.",
)


@strawberry.input(description="The patient by the sender's identifier. The graph stores a pseudonym.")
class SubmitPatientInput:
    """See ingest.messages.PatientFacts."""

    authority: str = strawberry.field(description="The assigning authority of the identifier.")
    identifier: str
    sex: str | None = strawberry.field(default=None, description="male, female, other or unknown.")
    birth_date: datetime.date | None = None


@strawberry.input(description="The study of the report, as far as the sender knows it.")
class SubmitStudyInput:
    """See ingest.messages.StudyFacts."""

    study_uid: str | None = strawberry.field(default=None, description="The StudyInstanceUID.")
    accession: str | None = None
    modality: str | None = strawberry.field(default=None, description="DICOM modality, such as CR or DX.")
    body_part: str | None = None
    procedure: str | None = strawberry.field(default=None, description="The name of the examination.")
    started_at: DateTime | None = None


@strawberry.input(description="One complete report.")
class SubmitReportInput:
    """See ingest.formats.graphql."""

    report_id: str = strawberry.field(
        description="The sender's id. The same id with another text is a new version of the report."
    )
    text: str
    patient: SubmitPatientInput
    study: SubmitStudyInput | None = None
    status: SubmittedStatus = SubmittedStatus.FINAL
    addendum: bool = strawberry.field(
        default=False, description="True if it adds to the report; it then replaces no version."
    )
    issued_at: DateTime | None = None
    source: str = strawberry.field(default="graphql", description="The source authority.")


@strawberry.type(description="The stored event of a submission.")
class SubmitReportPayload:
    """See ingest.receiving.submit.Receipt."""

    event: Event
    duplicate: bool = strawberry.field(
        description="True if the same bytes were received before. Nothing new was stored."
    )


@strawberry.type(description="The result of a replay.")
class ReplayEventPayload:
    """See ingest.receiving.replay."""

    event: Event
    replayed: bool = strawberry.field(
        description="True if the event is processed again; false if it was refused again, or the blob store has "
        "no message."
    )


@strawberry.type(description="Submit reports, replay events, review findings.")
class Mutation:
    """All mutations."""

    @strawberry.mutation(
        description="Store a report. It is stored durably when this returns; query `event` for its progress.",
        graphql_type=SubmitReportPayload,
    )
    async def submit_report(self, info: Info, input: SubmitReportInput) -> Shaped | None:  # noqa: A002
        """A report that can't be used is stored as a refused event, with its reason."""
        origin = Origin(modified_at=datetime.datetime.now(datetime.UTC))
        message = ReceivedMessage(raw_of(_submission(input)), Format.GRAPHQL, origin)
        receipt = await asyncio.to_thread(receive, info.context.services.receiver, message)
        row = {"event": await event_row_of(info, receipt.event_id), "duplicate": receipt.duplicate}
        return shaped(info, "SubmitReportPayload", row)

    @strawberry.mutation(
        description="Parse the stored message of an event again and process it, whatever its state. "
        "For operators. Null if there is no such event.",
        graphql_type=ReplayEventPayload | None,
    )
    async def replay_event(self, info: Info, id: strawberry.ID) -> Shaped | None:  # noqa: A002
        """As `vlmkg events replay ID`."""
        number = event_number(id)
        if number is None or await event_row_of(info, number) is None:
            return None
        done = await asyncio.to_thread(replay, info.context.services.receiver, (number,))
        row = {"event": await event_row_of(info, number), "replayed": done.complete}
        return shaped(info, "ReplayEventPayload", row)

    @strawberry.mutation(
        description="Review a finding. The finding itself does not change; queries return a rejected finding only if "
        "`review` asks for it. The latest review of each person counts. Null if there is no such finding: a newer "
        "reading may have replaced it, so query the findings again.",
        graphql_type=ReviewFindingPayload | None,
    )
    async def review_finding(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        verdict: ReviewVerdict,
        note: Annotated[
            str | None,
            strawberry.argument(
                description="At most 2,000 characters. Treated as patient data and hidden from researchers."
            ),
        ] = None,
        presence: Annotated[
            Presence | None,
            strawberry.argument(description="The right presence, if the finding's is wrong. Only with WRONG."),
        ] = None,
    ) -> Shaped | None:
        """See docs/graphql.md."""
        return await review_finding(info, id, verdict, note, presence)

    @strawberry.mutation(
        description="Mark words of a report as a finding that the reading missed. Not for researchers. The graph does "
        "not change. The latest mark of each person on the same words counts. Null if there is no such report.",
        graphql_type=MissedFinding | None,
    )
    async def mark_missed(self, info: Info, input: MissedFindingInput) -> Shaped | None:  # noqa: A002
        """See docs/graphql.md."""
        return await mark_missed(info, input)

    @strawberry.mutation(
        description="Withdraw a mark of the caller's own. Null if the caller has no such mark.",
        graphql_type=MissedFinding | None,
    )
    async def withdraw_missed(self, info: Info, id: strawberry.ID) -> Shaped | None:  # noqa: A002
        """See docs/graphql.md."""
        return await withdraw_missed(info, id)


def _submission(given: SubmitReportInput) -> Submission:
    study = given.study or SubmitStudyInput()
    try:
        return Submission(
            source=given.source,
            report=SubmittedReport(
                id=given.report_id,
                text=given.text,
                status=given.status.value,
                addendum=given.addendum,
                issued_at=given.issued_at,
            ),
            patient=SubmittedPatient(
                authority=given.patient.authority,
                identifier=given.patient.identifier,
                sex=given.patient.sex,
                birth_date=given.patient.birth_date,
            ),
            study=SubmittedStudy(
                study_uid=study.study_uid,
                accession=study.accession,
                modality=study.modality,
                body_part=study.body_part,
                procedure=study.procedure,
                started_at=study.started_at,
            ),
        )
    except ValidationError:
        raise ApiError(Code.BAD_USER_INPUT, "a text of the submission is not valid Unicode: send valid UTF-8") from None
