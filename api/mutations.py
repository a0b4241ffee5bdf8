"""What can be sent: reports, through the same door as every other source; events to be worked on again; verdicts."""

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
    """The statuses of a report, by name."""

    PRELIMINARY = ReportStatus.PRELIMINARY
    FINAL = ReportStatus.FINAL
    CORRECTED = ReportStatus.CORRECTED
    WITHDRAWN = ReportStatus.WITHDRAWN


strawberry.enum(SubmittedStatus, name="ReportStatus", description="WITHDRAWN leaves no current report.")


@strawberry.input(description="The patient as the sender names them; the graph gets a pseudonym.")
class SubmitPatientInput:
    """See ingest.messages.PatientFacts."""

    authority: str = strawberry.field(description="The assigning authority of the identifier.")
    identifier: str
    sex: str | None = strawberry.field(default=None, description="male, female, other or unknown.")
    birth_date: datetime.date | None = None


@strawberry.input(description="The study that the report belongs to, as far as it is known.")
class SubmitStudyInput:
    """See ingest.messages.StudyFacts."""

    study_uid: str | None = strawberry.field(default=None, description="The StudyInstanceUID.")
    accession: str | None = None
    modality: str | None = strawberry.field(default=None, description="Such as CR or DX.")
    body_part: str | None = None
    procedure: str | None = strawberry.field(default=None, description="The exam's name in words.")
    started_at: DateTime | None = None


@strawberry.input(description="One report, whole.")
class SubmitReportInput:
    """See ingest.formats.graphql."""

    report_id: str = strawberry.field(description="The sender's id; the same id with other words is a new version.")
    text: str
    patient: SubmitPatientInput
    study: SubmitStudyInput | None = None
    status: SubmittedStatus = SubmittedStatus.FINAL
    addendum: bool = strawberry.field(default=False, description="It stands beside the report and replaces nothing.")
    issued_at: DateTime | None = None
    source: str = strawberry.field(default="graphql", description="The source authority.")


@strawberry.type(description="What became of a submission: it is stored, whatever its state.")
class SubmitReportPayload:
    """See ingest.receiving.submit.Receipt."""

    event: Event
    duplicate: bool = strawberry.field(description="The same bytes had been received before; nothing was done.")


@strawberry.type(description="What became of a replay.")
class ReplayEventPayload:
    """See ingest.receiving.replay."""

    event: Event
    replayed: bool = strawberry.field(
        description="It is being worked on again. False: refused again, or its message is not in the blob store."
    )


@strawberry.type(description="What can be sent and set going.")
class Mutation:
    """All mutations."""

    @strawberry.mutation(
        description="Store a report. Once this answers it can't be lost; `event` shows its way into the graph.",
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
        description="Parse the stored message of an event again and have it worked on, whatever its state. "
        "For operators; null where there is no such event.",
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
        description="Say whether a finding is right. It changes nothing that the finding says; a rejected one is given "
        "out only when it is asked for. The latest word of each person counts. Null where there is no such finding: "
        "another reading may have replaced it, ask again.",
        graphql_type=ReviewFindingPayload | None,
    )
    async def review_finding(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
        verdict: ReviewVerdict,
        note: Annotated[
            str | None,
            strawberry.argument(description="At most 2,000 characters. Patient data, and hidden from researchers."),
        ] = None,
        presence: Annotated[
            Presence | None,
            strawberry.argument(description="What it should say, where its presence is wrong; with WRONG alone."),
        ] = None,
    ) -> Shaped | None:
        """See docs/graphql.md."""
        return await review_finding(info, id, verdict, note, presence)


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
        raise ApiError(Code.BAD_USER_INPUT, "a text of the submission is not Unicode") from None
