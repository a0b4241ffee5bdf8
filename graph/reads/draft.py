"""A Cypher query in the making. Values go in as parameters alone, so that none can change what the query says."""

from dataclasses import dataclass, field

from graph.reads.wheres import ConceptWhere

KINDS = "IS_A"
KINDS_AND_PARTS = "IS_A|PART_OF"
"""A place takes in its parts: the lower lobe is asked for with the lung."""


class NoSinglePatient:
    """Marks a query whose rows hold nothing of a single patient: counts over all patients, concepts, engines."""


NO_SINGLE_PATIENT = NoSinglePatient()
PATIENT_COLUMN = "patientId"
"""The column that names the patient of each row, for the audit trail."""


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A finished query: one record with one value `rows`, a list of maps.

    `text` is put together from this package's own constants; `parameters` hold every value. Where `names_patients`,
    each row has a value in PATIENT_COLUMN. `counts`: it looks at much more than it returns.
    """

    text: str
    parameters: dict[str, object]
    names_patients: bool
    counts: bool = False


@dataclass(slots=True)
class Draft:
    """Hands out parameter and variable names, and collects the sets of concept codes that the query needs first."""

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
        """The variable that holds the codes of all concepts that fit. The query works it out once, at its start."""
        found = self._code_sets.get((where, edges))
        if found is None:
            name = f"codes{len(self._code_sets)}"
            found = self._code_sets[where, edges] = (name, _code_set(self, where, edges, name))
        return found[0]

    def finish(
        self, body: str, order: str = "", *, patient: str | NoSinglePatient, counts: bool = False, **row: str
    ) -> ReadQuery:
        """The query: the code sets, `body`, and the rows with these expressions, in this order.

        `patient` is the expression that names the patient of a row, or NO_SINGLE_PATIENT: whose data a query returns is
        part of the query, so that no read can leave it out of the audit trail. All rows are one record: the driver
        takes as long over a record as the server over a small page.
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

    The hint matters: while a graph is filled its statistics are old, and the planner then walks through whole indexes.
    """
    return f"MATCH ({variable}:{label}) USING INDEX SEEK {variable}:{label}({name}) WHERE {variable}.{name} = {value}"


def _code_set(draft: Draft, where: ConceptWhere, edges: str, name: str) -> str:
    found = f"{_source(draft, where)} {_predicate(draft, where)}"
    if not where.include_descendants:
        return f"CALL () {{ {found} RETURN collect(root.code) AS {name} }}"
    reach = f"MATCH (kind:Concept)-[:{edges}*0..]->(root) RETURN collect(DISTINCT kind.code) AS {name}"
    return f"CALL () {{ {found} {reach} }}"


def _source(draft: Draft, where: ConceptWhere) -> str:
    """Where concepts are looked for, up to the predicate: by code, by the index of words, or through all of them."""
    if where.code is not None:
        return f"{look_up('root', 'Concept', 'code', draft.bind(where.code))} AND"
    if where.name is None:
        return "MATCH (root:Concept) WHERE"
    phrase = where.name.replace("\\", "\\\\").replace('"', '\\"')
    words = draft.bind(f'"{phrase}"')
    return f"CALL db.index.fulltext.queryNodes('concept_words', {words}) YIELD node AS root WHERE"


def _predicate(draft: Draft, where: ConceptWhere) -> str:
    parts = []
    if where.name is not None:
        name = draft.bind(where.name.strip().lower())
        parts.append(f"any(name IN [root.name] + coalesce(root.synonyms, []) WHERE toLower(name) = {name})")
    if where.name_contains is not None:
        parts.append(f"toLower(root.name) CONTAINS {draft.bind(where.name_contains.strip().lower())}")
    return " AND ".join(parts) or "true"
