"""A graph as CSV files that `neo4j-admin database import`, and any other program, can load.

The rows are those that are written to Neo4j (graph.rows), so both forms have the same content.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString, TextIO

from graph import statements
from graph.bulk.tables import Table
from graph.records import StudySubgraph
from graph.rows import Row, projection_digest, writes_of
from vlmkg.schema import RelationType
from vlmkg.vocabulary import load_vocabulary

Lines = Iterator[tuple[str, Row]]
"""Names of files and rows: by the columns' names, without type and ID space."""


class GraphFiles:
    """The files of some tables in an existing empty folder. `finish` writes the concepts; `close` closes the files.

    `separator` is between the members of an array. A member must not contain it.
    """

    def __init__(self, folder: Path, tables: Sequence[Table], *, separator: str = ";") -> None:
        self.folder = folder
        self.rows = {table.file: 0 for table in tables}
        self._separator = separator
        self._open = ExitStack()
        self._columns = {table.file: _names(table) for table in tables}
        self._files: dict[str, TextIO] = {}
        self._patients: dict[str, Row] = {}
        self._local: dict[str, Row] = {}
        for table in tables:
            file = self._open.enter_context((folder / table.file).open("w", encoding="utf-8", newline=""))
            file.write(",".join(column.header for column in table.columns) + "\n")
            self._files[table.file] = file

    def write(self, subgraphs: Sequence[StudySubgraph]) -> None:
        """Append these studies. No study may come twice."""
        digests = {each.study.study_key: projection_digest(each) for each in subgraphs}
        for write in writes_of(subgraphs, digests):
            for row in write.rows:
                if write.statement == statements.MERGE_CONCEPTS:
                    self._keep(row)
                elif write.statement == statements.MERGE_PATIENTS:
                    # Of two records the later one counts, as in the graph.
                    self._patients[row["patientId"]] = row
                else:
                    self.append(_lines(write.statement, row))

    def finish(self) -> None:
        """Write what the studies share: patients and concepts."""
        self.append(("patients.csv", row) for row in self._patients.values())
        self.append(_vocabulary(self._local))

    def close(self) -> None:
        """Close every file."""
        self._open.close()

    def append(self, lines: Lines) -> None:
        """Append rows. Raises KeyError if one has a value without a column."""
        for file, row in lines:
            names = self._columns[file]
            unknown = [name for name in row.keys() - set(names) if row[name] is not None]
            if unknown:
                # A property that is added to the live graph later must not get into copies unnoticed.
                message = f"{file} has no column for {sorted(unknown)}"
                raise KeyError(message)
            self._files[file].write(",".join([self._cell(row.get(name)) for name in names]) + "\n")
            self.rows[file] += 1

    def _keep(self, concept: Row) -> None:
        """Collect concepts, which repeat in each group that refers to them.

        Of two names the smaller counts, as in the graph.
        """
        known = self._local.get(concept["code"])
        if known is None or concept["name"] < known["name"]:
            self._local[concept["code"]] = concept

    def _cell(self, value: Any) -> str:
        """Words are quoted, so that an empty one is told from none (RFC 4180)."""
        if value is None:
            return ""
        if isinstance(value, str):
            return _quoted(value)
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, Iterable):
            members = list(value)
            if any(self._separator in member for member in members):
                message = f"a member of an array contains its separator {self._separator!r}"
                raise ValueError(message)
            return _quoted(self._separator.join(members))
        return str(value)


def _names(table: Table) -> list[str]:
    """The columns' names; START_ID, END_ID and LABEL by those words."""
    return [column.header.split(":")[0] or column.header.split(":")[1].split("(")[0] for column in table.columns]


def _lines(statement: LiteralString, row: Row) -> Lines:
    """The lines in the files for a row of a statement."""
    if statement in _HOLDING:
        yield from _held(*_HOLDING[statement], row)
    elif statement in _LINKING:
        file, start, end = _LINKING[statement]
        more = {name: value for name, value in row.items() if name not in {start, end}}
        yield file, {"START_ID": row[start], "END_ID": row[end], **more}
    elif statement in _MENTIONING:
        yield from _mentions(_MENTIONING[statement], row)
    elif statement == statements.CREATE_EXTRACTIONS:
        yield "extractions.csv", row["properties"]
    else:
        message = f"no file takes the rows of {statement}"
        raise KeyError(message)


_HOLDING: dict[LiteralString, tuple[str, str, str, str]] = {
    statements.CREATE_STUDIES: ("studies.csv", "studyKey", "has_study.csv", "patient"),
    statements.CREATE_REPORTS: ("reports.csv", "reportKey", "has_report.csv", "study"),
    statements.CREATE_IMAGES: ("images.csv", "imageKey", "has_image.csv", "study"),
}
_LINKING: dict[LiteralString, tuple[str, str, str]] = {
    statements.CREATE_SUPERSEDES: ("supersedes.csv", "newer", "older"),
    statements.CREATE_READ_REPORTS: ("read_report.csv", "extraction", "source"),
    statements.CREATE_READ_IMAGES: ("read_image.csv", "extraction", "source"),
    **{statements.CREATE_RELATIONS[kind]: (f"{kind.value}.csv", "head", "tail") for kind in RelationType},
}
_MENTIONING: dict[LiteralString, tuple[str, ...]] = {
    statements.CREATE_FINDINGS: ("Mention", "Observation", "Finding"),
    statements.CREATE_OBSERVATIONS: ("Mention", "Observation"),
    statements.CREATE_ANATOMY: ("Mention", "Anatomy"),
}


def _held(file: str, key: str, link: str, holder: str, row: Row) -> Lines:
    properties = row["properties"]
    yield file, properties
    yield link, {"START_ID": row[holder], "END_ID": properties[key]}


def _mentions(labels: tuple[str, ...], row: Row) -> Lines:
    for mention in row["mentions"]:
        properties = mention["properties"]
        key = properties["mentionId"]
        of_finding: Row = {}
        if "Finding" in labels:
            of_finding = {"studiedAt": row["studiedAt"], "pageKey": f"{row['timePart']}/{key}"}
            yield "has_finding.csv", {"START_ID": row["study"], "END_ID": key}
        yield "mentions.csv", {"LABEL": labels, **properties, **of_finding}
        yield "found.csv", {"START_ID": row["extraction"], "END_ID": key}
        link = {"score": mention["score"], "rule": mention["rule"]}
        yield "refers_to.csv", {"START_ID": key, "END_ID": mention["concept"], **link}


def _vocabulary(local: Mapping[str, Row]) -> Lines:
    vocabulary = load_vocabulary()
    shipped = {concept.code for concept in vocabulary.concepts}
    for concept in vocabulary.concepts:
        names = {"code": concept.code, "system": concept.system, "name": concept.name, "synonyms": concept.synonyms}
        yield "concepts.csv", {**names, "vocabulary": vocabulary.digest}
    for code in sorted(local.keys() - shipped):
        yield "concepts.csv", local[code]
    for file, edges in (("is_a.csv", vocabulary.is_a), ("part_of.csv", vocabulary.part_of)):
        yield from ((file, {"START_ID": child, "END_ID": parent}) for child, parent in edges)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
