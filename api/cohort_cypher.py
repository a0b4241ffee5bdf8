"""A question of the graph as one Cypher statement that a person can paste: values stand in it as literals."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.errors import ApiError, Code
from api.inputs import finding_where, patient_where
from graph.reads.cohorts import cohort_of_findings
from graph.reads.query_builder import ReadQuery
from graph.reads.wheres import FindingWhere

_PLACEHOLDER = re.compile(r"\$(p\d+)\b")


def cohort_cypher(given: Mapping[str, Any]) -> str:
    """The statement that counts a coerced CohortWhere in the graph itself, from the findings."""
    finding, patient = finding_where(given.get("finding")) or FindingWhere(), patient_where(given.get("patient"))
    return pasted(cohort_of_findings(finding, patient))


def pasted(query: ReadQuery) -> str:
    """The query's text with its values in place of its parameters."""
    return _PLACEHOLDER.sub(lambda found: literal(query.parameters[found[1]]), query.text)


def literal(value: object) -> str:
    """A value as Cypher writes it."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return f"datetime({_quoted(value.isoformat())})"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(literal(one) for one in value)}]"
    raise ApiError(Code.BAD_USER_INPUT, "the question has a value that Cypher text cannot hold: leave it out")


def _quoted(text: str) -> str:
    # Cypher reads the escapes of JSON, and \uXXXX as UTF-16 units.
    return "'" + json.dumps(text)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
