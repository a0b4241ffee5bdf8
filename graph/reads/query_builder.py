"""A Cypher query under construction. Values are always parameters, so none can change the query's text."""

from dataclasses import dataclass, field

from graph.reads.wheres import ConceptWhere

KINDS = "IS_A"
KINDS_AND_PARTS = "IS_A|PART_OF"
"""A place includes its parts: a query for the lung includes the lower lobe."""


class NoSinglePatient:
    """Marks a query whose rows have no data of single patients: counts over all patients, concepts, engines."""


NO_SINGLE_PATIENT = NoSinglePatient()
PATIENT_COLUMN = "patientId"
"""The column that names the patient of each row, for the audit trail."""


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A complete query: one record with one value `rows`, a list of maps.

    `text` consists of this package's constants; `parameters` has every value. With `names_patients`, each row has a
    value in PATIENT_COLUMN. `counts`: it reads much more than it returns.
    """

    text: str
    parameters: dict[str, object]
    names_patients: bool
    counts: bool = False


@dataclass(slots=True)
class QueryBuilder:
    """Allocates parameter and variable names, and collects the sets of concept codes that the query computes first."""

    parameters: dict[str, object] = field(default_factory=dict)
    _code_sets: dict[tuple[ConceptWhere, str], tuple[str, str]] = field(default_factory=dict)
    _variables: int = 0

    def bind(self, value: object) -> str:
        """The placeholder of a new parameter with this value."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def variable(self, prefix: str) -> str:
        """A variable name that no other part of the query uses."""
        self._variables += 1
        return f"{prefix}{self._variables}"

    def codes(self, where: ConceptWhere, edges: str) -> str:
        """The variable with the codes of all matching concepts. The query computes it once, at its start."""
        found = self._code_sets.get((where, edges))
        if found is None:
            name = f"codes{len(self._code_sets)}"
            found = self._code_sets[where, edges] = (name, _code_set(self, where, edges, name))
        return found[0]

    def finish(
        self, body: str, order: str = "", *, patient: str | NoSinglePatient, counts: bool = False, **row: str
    ) -> ReadQuery:
        """The query: code sets, `body`, then the rows with these expressions.

        `patient` is the expression for the patient of a row, or NO_SINGLE_PATIENT. It is required, so that no read can
        be missing from the audit trail. All rows are one record, because the driver needs as long for a record as the
        server for a small page.
        """
        names_patients = isinstance(patient, str)
        if isinstance(patient, str):
            row = {**row, PATIENT_COLUMN: patient}
        entries = ", ".join(f"{name}: {expression}" for name, expression in row.items())
        answer = f"WITH {{{entries}}} AS row {order}\nRETURN collect(row) AS rows"
        text = "\n".join((*(statement for _, statement in self._code_sets.values()), body, answer))
        return ReadQuery(text, self.parameters, names_patients, counts)


def look_up(variable: str, label: str, name: str, value: str) -> str:
    """MATCH of a node by an indexed property. `value` is an expression of the query.

    The hint is necessary: while a graph is being filled its statistics are old, and the planner would scan whole
    indexes.
    """
    return f"MATCH ({variable}:{label}) USING INDEX SEEK {variable}:{label}({name}) WHERE {variable}.{name} = {value}"


def _code_set(builder: QueryBuilder, where: ConceptWhere, edges: str, name: str) -> str:
    found = f"{_source(builder, where)} {_predicate(builder, where)}"
    if not where.include_descendants:
        return f"CALL () {{ {found} RETURN collect(root.code) AS {name} }}"
    reach = f"MATCH (kind:Concept)-[:{edges}*0..]->(root) RETURN collect(DISTINCT kind.code) AS {name}"
    return f"CALL () {{ {found} {reach} }}"


def _source(builder: QueryBuilder, where: ConceptWhere) -> str:
    """The MATCH of concepts, up to the predicate: by code, by full-text index, or a scan."""
    if where.code is not None:
        return f"{look_up('root', 'Concept', 'code', builder.bind(where.code))} AND"
    if where.name is None:
        return "MATCH (root:Concept) WHERE"
    phrase = where.name.replace("\\", "\\\\").replace('"', '\\"')
    words = builder.bind(f'"{phrase}"')
    return f"CALL db.index.fulltext.queryNodes('concept_words', {words}) YIELD node AS root WHERE"


def _predicate(builder: QueryBuilder, where: ConceptWhere) -> str:
    parts = []
    if where.name is not None:
        name = builder.bind(where.name.strip().lower())
        parts.append(f"any(name IN [root.name] + coalesce(root.synonyms, []) WHERE toLower(name) = {name})")
    if where.name_contains is not None:
        parts.append(f"toLower(root.name) CONTAINS {builder.bind(where.name_contains.strip().lower())}")
    return " AND ".join(parts) or "true"
