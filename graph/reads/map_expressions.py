"""The Cypher map expression of each object, nested objects included.

Lists without a `where` have no findings that a person has rejected.

Nested objects are COLLECT subqueries of the same query. They are evaluated only for the rows of the page, because the
page is cut before these expressions.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from graph.reads.conditions import FindingScope
from graph.reads.nested import findings_of, studies_of
from graph.reads.predicates import TO_FINDING, not_rejected
from graph.reads.query_builder import QueryBuilder, look_up
from graph.reads.selection import Selection

LONGEST_LIST = 200
"""The maximum rows of lists without pages that can be long: the neighbours of a concept."""

MOST_MENTIONS = 500
"""Mentions at which the list of a study is cut. A long report has about a hundred."""

_FINDING = (
    "mentionId",
    "text",
    "presence",
    "laterality",
    "severity",
    "score",
    "witness",
    "otherPresence",
    "reportKey",
    "sopInstanceUid",
    "start",
    "end",
    "section",
    "conceptCode",
    "placeCodes",
)
_STUDY = ("studyKey", "studyUid", "accession", "modality", "bodyPart", "pairing")
_PATIENT = ("patientId", "sex", "birthYear")
_REPORT = ("reportKey", "reportId", "version", "status", "current", "textDigest")
_IMAGE = ("sopInstanceUid", "view", "rows", "columns", "digest")
_EXTRACTION = (
    "extractionId",
    "engine",
    "checkpoint",
    "checkpointDigest",
    "engineDigest",
    "modalities",
    "outOfDomain",
)
_MENTION = ("mentionId", "text", "score", "witness", "otherPresence", "reportKey")
_AGREEMENT = (
    "mentionsBoth",
    "mentionsModel",
    "mentionsRules",
    "relationsBoth",
    "relationsModel",
    "relationsRules",
    "disputed",
)
_CONCEPT = ("code", "system", "name")
_SPAN = ("start", "end", "section")

Parts = dict[str, str]
Nested = Callable[[Selection], str]


def finding(builder: QueryBuilder, selected: Iterable[Selection], scope: FindingScope) -> str:
    """A finding as a map. `scope` names its study and patient if the query has bound them."""
    at = scope.finding

    def code_of(field: Selection) -> str:
        found = builder.variable("c")
        match = look_up(found, "Concept", "code", f"{at}.conceptCode")
        return _one(match, concept(builder, field.fields, found))

    def modifiers() -> str:
        found = builder.variable("m")
        return f"COLLECT {{ MATCH ({at})<-[:MODIFY]-({found}:Mention) RETURN {found}.text ORDER BY {found}.start }}"

    def locations(field: Selection) -> str:
        found, edge = builder.variable("m"), builder.variable("r")
        order = f"WITH {found}, {edge} ORDER BY {found}.start"
        match = f"MATCH ({at})-[{edge}:LOCATED_AT]->({found}:Mention) {order}"
        return _many(match, _place(builder, field.fields, found, edge))

    def others(path: str) -> Nested:
        def nested(field: Selection) -> str:
            found = builder.variable("f")
            match = f"MATCH ({at}){path.format(found=found)} WHERE {not_rejected(found)}"
            match += f" WITH DISTINCT {found} ORDER BY {found}.start"
            return _many(match, finding(builder, field.fields, replace(scope, finding=found)))

        return nested

    def span(field: Selection) -> str:
        written = _map({name: f"{at}.{name}" for name in _SPAN}, {}, field.fields)
        return f"CASE WHEN {at}.reportKey IS NOT NULL THEN {written} END"

    scalars = {name: f"{at}.{name}" for name in _FINDING} | _times(at, "studiedAt")
    return _map(
        scalars | {"modifiers": modifiers(), "disputed": f"coalesce({at}.disputed, false)"},
        {
            "concept": code_of,
            "locations": locations,
            "suggests": others(f"-[:SUGGESTIVE_OF]->(:Mention)-{TO_FINDING}->({{found}}:Finding)"),
            "suggestedBy": others(f"<-{TO_FINDING}-(:Mention)<-[:SUGGESTIVE_OF]-({{found}}:Finding)"),
            "span": span,
            "report": lambda field: _report_of(builder, field, at),
            "study": lambda field: _study_of(builder, field, scope),
            "patient": lambda field: _patient_of(builder, field, scope),
            "owner": lambda _field: _owner(builder, scope),
            "extractionId": lambda _field: _one(f"MATCH ({at})<-[:FOUND]-(e:Extraction)", "e.extractionId"),
        },
        selected,
    )


def study(builder: QueryBuilder, selected: Iterable[Selection], at: str, patient_at: str | None = None) -> str:
    """A study as a map."""

    def reports(field: Selection) -> str:
        found = builder.variable("r")
        match = f"MATCH ({at})-[:HAS_REPORT]->({found}:Report) WITH {found} ORDER BY {found}.reportId, {found}.version"
        return _many(match, report(field.fields, found))

    def images(field: Selection) -> str:
        found = builder.variable("i")
        match = f"MATCH ({at})-[:HAS_IMAGE]->({found}:Image) WITH {found} ORDER BY {found}.sopInstanceUid"
        return _many(match, _map({name: f"{found}.{name}" for name in _IMAGE}, {}, field.fields))

    def extraction(field: Selection) -> str:
        found = builder.variable("e")
        match = f"MATCH ({at})-[:HAS_REPORT|HAS_IMAGE]->()<-[:READ]-({found}:Extraction) WITH DISTINCT {found} LIMIT 1"
        scalars = {name: f"{found}.{name}" for name in _EXTRACTION} | _times(found, "createdAt")
        scalars["warnings"] = f"coalesce({found}.warnings, [])"

        def agreement(inner: Selection) -> str:
            counts = _map({name: f"{found}.{name}" for name in _AGREEMENT}, {}, inner.fields)
            return f"CASE WHEN {found}.mentionsBoth IS NOT NULL THEN {counts} END"

        return _one(match, _map(scalars, {"agreement": agreement}, field.fields))

    def mentions(field: Selection) -> str:
        found = builder.variable("m")
        path = f"({at})-[:HAS_REPORT|HAS_IMAGE]->()<-[:READ]-(:Extraction)-[:FOUND]->({found}:Mention)"
        order = f"ORDER BY {found}.reportKey, {found}.start, {found}.end, {found}.mentionId LIMIT {MOST_MENTIONS}"
        return _many(f"MATCH {path} WITH DISTINCT {found} {order}", _mention(builder, field.fields, found))

    def patient_of(field: Selection) -> str:
        if patient_at is not None:
            return patient(builder, field.fields, patient_at)
        found = builder.variable("p")
        return _one(f"MATCH ({at})<-[:HAS_STUDY]-({found}:Patient)", patient(builder, field.fields, found))

    return _map(
        {name: f"{at}.{name}" for name in _STUDY} | _times(at, "startedAt"),
        {
            "reports": reports,
            "images": images,
            "extraction": extraction,
            "mentions": mentions,
            "patient": patient_of,
            "findings": lambda field: findings_of(builder, field, finding, study=at, patient=patient_at),
        },
        selected,
    )


def patient(builder: QueryBuilder, selected: Iterable[Selection], at: str) -> str:
    """A patient as a map."""
    return _map(
        {name: f"{at}.{name}" for name in _PATIENT},
        {
            "studies": lambda field: studies_of(builder, field, study, patient=at),
            "findings": lambda field: findings_of(builder, field, finding, patient=at),
            "timeline": lambda field: _timeline(builder, field, at),
        },
        selected,
    )


def report(selected: Iterable[Selection], at: str) -> str:
    """One version of a report as a map, `readBy` the extraction that read it. Its text is not in the graph."""
    scalars = {name: f"{at}.{name}" for name in _REPORT} | _times(at, "issuedAt")
    scalars["readBy"] = _one(f"MATCH ({at})<-[:READ]-(e:Extraction)", "e.extractionId")
    return _map(scalars, {}, selected)


def concept(builder: QueryBuilder, selected: Iterable[Selection], at: str) -> str:
    """A concept as a map, with its neighbours in the vocabulary."""

    def neighbours(path: str) -> Nested:
        def nested(field: Selection) -> str:
            found = builder.variable("c")
            cut = f"WITH DISTINCT {found} ORDER BY {found}.name, {found}.code LIMIT {LONGEST_LIST}"
            return _many(f"MATCH ({at}){path.format(found=found)} {cut}", concept(builder, field.fields, found))

        return nested

    return _map(
        {name: f"{at}.{name}" for name in _CONCEPT} | {"synonyms": f"coalesce({at}.synonyms, [])"},
        {
            "parents": neighbours("-[:IS_A]->({found}:Concept)"),
            "children": neighbours("<-[:IS_A]-({found}:Concept)"),
            "ancestors": neighbours("-[:IS_A*1..]->({found}:Concept)"),
            "parts": neighbours("<-[:PART_OF]-({found}:Concept)"),
        },
        selected,
    )


def _timeline(builder: QueryBuilder, field: Selection, at: str) -> str:
    """The studies of a patient by time, each with its present and uncertain findings."""
    found = builder.variable("s")
    first = builder.bind(field.page.first if field.page else LONGEST_LIST)
    match = f"MATCH ({at})-[:HAS_STUDY]->({found}:Study) WITH {found} ORDER BY {found}.pageKey LIMIT {first}"

    def findings(inner: Selection) -> str:
        row = builder.variable("f")
        asserted = f"MATCH ({found})-[:HAS_FINDING]->({row}:Finding) WHERE {row}.presence <> 'absent'"
        asserted += f" AND {not_rejected(row)}"
        order = f"WITH {row} ORDER BY {row}.pageKey"
        return _many(f"{asserted} {order}", finding(builder, inner.fields, FindingScope(row, found, at)))

    nested: dict[str, Nested] = {
        "study": lambda inner: study(builder, inner.fields, found, at),
        "findings": findings,
    }
    return _many(match, _map(_times(found, "startedAt"), nested, field.fields))


def _mention(builder: QueryBuilder, selected: Iterable[Selection], at: str) -> str:
    """A mention as a map, with the relations that go out from it."""

    def span(field: Selection) -> str:
        written = _map({name: f"{at}.{name}" for name in _SPAN}, {}, field.fields)
        return f"CASE WHEN {at}.reportKey IS NOT NULL THEN {written} END"

    def linked(field: Selection) -> str:
        found = builder.variable("c")
        return _one(f"MATCH ({at})-[:REFERS_TO]->({found}:Concept)", concept(builder, field.fields, found))

    def relations(field: Selection) -> str:
        edge, tail = builder.variable("r"), builder.variable("t")
        match = f"MATCH ({at})-[{edge}:MODIFY|LOCATED_AT|SUGGESTIVE_OF]->({tail}:Mention)"
        said = {"target": f"{tail}.mentionId", "type": f"toLower(type({edge}))"}
        said |= {name: f"{edge}.{name}" for name in ("score", "witness")}
        return _many(f"{match} WITH {edge}, {tail} ORDER BY {tail}.start, type({edge})", _map(said, {}, field.fields))

    scalars = {name: f"{at}.{name}" for name in _MENTION} | {
        "kind": f"CASE WHEN {at}:Anatomy THEN 'anatomy' ELSE 'observation' END",
        "presence": f"CASE WHEN NOT {at}:Anatomy THEN {at}.presence END",
        "isFinding": f"{at}:Finding",
        "disputed": f"coalesce({at}.disputed, false)",
    }
    return _map(scalars, {"span": span, "concept": linked, "relations": relations}, selected)


def _place(builder: QueryBuilder, selected: Iterable[Selection], at: str, edge: str) -> str:
    def linked(field: Selection) -> str:
        found = builder.variable("c")
        return _one(f"MATCH ({at})-[:REFERS_TO]->({found}:Concept)", concept(builder, field.fields, found))

    said = {"text": f"{at}.text", "score": f"{edge}.score", "witness": f"{edge}.witness"}
    return _map(said, {"concept": linked}, selected)


def _report_of(builder: QueryBuilder, field: Selection, at: str) -> str:
    found = builder.variable("r")
    return _one(look_up(found, "Report", "reportKey", f"{at}.reportKey"), report(field.fields, found))


def _study_of(builder: QueryBuilder, field: Selection, scope: FindingScope) -> str:
    if scope.study is not None:
        return study(builder, field.fields, scope.study, scope.patient)
    found = builder.variable("s")
    match = f"MATCH ({scope.finding})<-[:HAS_FINDING]-({found}:Study)"
    return _one(match, study(builder, field.fields, found))


def _patient_of(builder: QueryBuilder, field: Selection, scope: FindingScope) -> str:
    if scope.patient is not None:
        return patient(builder, field.fields, scope.patient)
    found = builder.variable("p")
    return _one(_to_patient(scope, found), patient(builder, field.fields, found))


def _owner(builder: QueryBuilder, scope: FindingScope) -> str:
    """Only the pseudonym of the patient."""
    if scope.patient is not None:
        return f"{scope.patient}.patientId"
    found = builder.variable("p")
    return _one(_to_patient(scope, found), f"{found}.patientId")


def _to_patient(scope: FindingScope, found: str) -> str:
    from_study = f"({scope.study})" if scope.study else f"({scope.finding})<-[:HAS_FINDING]-(:Study)"
    return f"MATCH {from_study}<-[:HAS_STUDY]-({found}:Patient)"


def _times(at: str, *names: str) -> Parts:
    """Times as ISO 8601 text."""
    return {name: f"toString({at}.{name})" for name in names}


def _map(scalars: Parts, nested: dict[str, Nested], selected: Iterable[Selection]) -> str:
    """A Cypher map with the selected fields: scalars by name, nested objects by key."""
    entries: Parts = {}
    for field in selected:
        if field.name in nested:
            entries[field.key] = nested[field.name](field)
        else:
            entries[field.name] = scalars[field.name]
    return "{" + ", ".join(f"`{key}`: {value}" for key, value in entries.items()) + "}"


def _one(match: str, value: str) -> str:
    return f"head(COLLECT {{ {match} RETURN {value} }})"


def _many(match: str, value: str) -> str:
    return f"COLLECT {{ {match} RETURN {value} }}"
