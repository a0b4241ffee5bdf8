"""The findings of a cohort, page by page, through the operations of the API itself.

So an export has the rights, limits, masks and audit entries of a client that asks for the same pages.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from api.context import ApiContext
from api.endpoint import Endpoint, run_whole

Row = dict[str, Any]

PATIENTS, FINDINGS = 20, 100
"""Patients of a page, and findings of each patient in it."""

_FINDING = """id text presence laterality severity score witness disputed review studiedAt
  concept { code name system } report { reportKey reportId version status issuedAt }
  study { studyKey accession modality bodyPart startedAt }"""
_PATIENTS = f"""query ($where: PatientWhere, $finding: FindingWhere, $after: String) {{
  patients(first: {PATIENTS}, after: $after, where: $where) {{
    edges {{ node {{ patientId sex birthYear
      findings(first: {FINDINGS}, where: $finding) {{
        edges {{ node {{ {_FINDING} }} }} pageInfo {{ hasNextPage endCursor }}
      }}
    }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_MORE = f"""query ($patient: String!, $finding: FindingWhere, $after: String) {{
  patient(patientId: $patient) {{
    findings(first: {FINDINGS}, after: $after, where: $finding) {{
      edges {{ node {{ {_FINDING} }} }} pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}"""
_READING = """query ($key: String!) {
  study(studyKey: $key) {
    reports { reportKey current text }
    mentions { mentionId kind text presence reportKey span { start end section } relations { type target } }
  }
}"""


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks the API's operations with the credentials of one request.

    They are checked for each page: a download can take hours, and a key may be revoked meanwhile.
    """

    endpoint: Endpoint
    authorization: str | None

    async def ask(self, query: str, variables: dict[str, Any]) -> Any:
        """The data of an operation, after its audit entry is committed. Raises ApiError, VlmkgError."""
        caller = await self.endpoint.authenticator.admit(self.authorization)
        context = ApiContext(self.endpoint.services, caller, None)
        result = await run_whole(self.endpoint, query, variables, context)
        if result.errors:
            raise _cause(result.errors[0])
        return result.data


@dataclass(frozen=True, slots=True)
class PatientFindings:
    """A patient of the cohort, with the findings that count."""

    patient: Row
    findings: list[Row]


async def patients_of(asker: Asker, where: dict[str, Any]) -> AsyncIterator[PatientFindings]:
    """The patients of a CohortWhere, each with all findings that it counts. Raises ApiError, VlmkgError."""
    finding = where.get("finding") or {}
    conditions = [{"hasFinding": finding}, *([where["patient"]] if where.get("patient") else [])]
    after, more = None, True
    while more:
        variables = {"where": {"and": conditions}, "finding": finding, "after": after}
        page = (await asker.ask(_PATIENTS, variables))["patients"]
        for edge in page["edges"]:
            patient = edge["node"]
            yield PatientFindings(patient, await _all_of(asker, patient, finding))
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]


async def reading_of(asker: Asker, study_key: str) -> Row | None:
    """The texts and mentions of a study; None if it has gone meanwhile."""
    found: Row | None = (await asker.ask(_READING, {"key": study_key}))["study"]
    return found


async def _all_of(asker: Asker, patient: Row, finding: dict[str, Any]) -> list[Row]:
    page = patient["findings"]
    found = [edge["node"] for edge in page["edges"]]
    while page["pageInfo"]["hasNextPage"]:
        variables = {"patient": patient["patientId"], "finding": finding, "after": page["pageInfo"]["endCursor"]}
        left = (await asker.ask(_MORE, variables))["patient"]
        if left is None:
            break
        page = left["findings"]
        found.extend(edge["node"] for edge in page["edges"])
    return found


def _cause(error: GraphQLError) -> Exception:
    cause: Exception | None = error.original_error
    return error if cause is None else cause
