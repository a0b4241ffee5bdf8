"""Errors of the graph.

VlmkgError
├── UsageError
│   └── LocalServerError        the local Neo4j can't be started: Java, jars, home folder, or it died
└── GraphError
    ├── GraphUnavailableError   Neo4j does not answer: retryable
    ├── GraphMemoryError        a transaction needs more memory than the server has
    ├── MigrationChangedError   a migration that was applied reads differently now
    ├── IncompleteWriteError    a record names something that is not in the graph
    ├── UnknownMigrationError   the graph was migrated by a later release
    ├── ResearchTargetError     a research copy may not be written there
    └── ResearchCopyError       the graph is a research copy: the service may not write there
"""

from vlmkg.errors import UsageError, VlmkgError


class LocalServerError(UsageError):
    """The local Neo4j server can't be prepared or started."""


class GraphError(VlmkgError):
    """The graph can't be used as asked."""


class GraphUnavailableError(GraphError):
    """Neo4j does not answer, or lost the connection. The same call may succeed later.

    `is_login`: it answers, and refuses the login.
    """

    retryable = True

    def __init__(self, message: str, remedy: str = "", *, is_login: bool = False) -> None:
        super().__init__(message, remedy)
        self.is_login = is_login


class GraphMemoryError(GraphError):
    """A transaction needs more memory than the server has. The same one will fail again; a smaller one may not."""

    def __init__(self) -> None:
        super().__init__(
            "the transaction needs more memory than Neo4j has for it",
            "give the server a larger heap (VLMKG_NEO4J_HEAP, or server.memory.heap.max_size)",
        )


class MigrationChangedError(GraphError):
    """A migration that the graph records as applied has other content now."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"migration {name} was applied to this graph with other content",
            "restore the migration as it was released and put the change into a new one",
        )
        self.name = name


class UnknownMigrationError(GraphError):
    """The graph records a migration that this release does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the graph was migrated by a later release: {name}", "use that release or a later one")
        self.name = name


class IncompleteWriteError(GraphError):
    """A statement created less than its rows say, so a record names something that is not there. Nothing is written."""

    def __init__(self, what: str, expected: int, got: int) -> None:
        super().__init__(
            f"a write created {got} {what} where its records have {expected}",
            "the records name a report, image, concept or mention that they do not hold: report this as a bug",
        )
        self.what = what
        self.expected = expected
        self.got = got


class ResearchTargetError(GraphError):
    """What was named as the place of a research copy is something else. Nothing was changed there."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no research copy can be written there: {why}", "name an empty Neo4j, or an empty folder")
        self.why = why


class ResearchCopyError(GraphError):
    """The graph that the service was pointed at is a research copy."""

    def __init__(self, project: str) -> None:
        super().__init__(
            f"this graph is the research copy of the project {project}: no live patient may be written there",
            "set NEO4J_URI to the live graph",
        )
        self.project = project
