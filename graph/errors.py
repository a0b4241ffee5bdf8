"""Errors of the graph.

VlmkgError
├── UsageError
│   └── LocalServerError        the local Neo4j can't be started: Java, jars, home folder, or it crashed
└── GraphError
    ├── GraphUnavailableError   Neo4j does not respond: retryable
    ├── GraphMemoryError        a transaction needs more memory than the server has now: retryable
    ├── MigrationChangedError   an applied migration has changed
    ├── IncompleteWriteError    a record refers to something that is not in the graph
    ├── UnknownMigrationError   the graph was migrated by a later release
    ├── ResearchTargetError     a research copy can't be written to this target
    └── ResearchCopyError       the graph is a research copy, to which the service does not write
"""

from vlmkg.errors import UsageError, VlmkgError


class LocalServerError(UsageError):
    """The local Neo4j server can't be prepared or started."""


class GraphError(VlmkgError):
    """The graph can't be used as asked."""


class GraphUnavailableError(GraphError):
    """Neo4j does not respond, or the connection was lost. The same call may succeed later.

    `is_login`: it responds, but refuses the login.
    """

    retryable = True

    def __init__(self, message: str, remedy: str, *, is_login: bool = False) -> None:
        super().__init__(message, remedy)
        self.is_login = is_login


class GraphMemoryError(GraphError):
    """A transaction needs more memory than the server has for it now. What else runs there has the rest.

    So it says nothing of what was to be written: the same call may succeed later, and a smaller one at once.
    """

    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "the transaction needs more memory than Neo4j has for it now",
            "try again, or give the server a larger heap (VLMKG_NEO4J_HEAP, server.memory.heap.max_size)",
        )


class MigrationChangedError(GraphError):
    """A migration was changed after it was applied to the graph."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"migration {name} was changed after it was applied to this graph",
            "restore the migration's released content and write a new migration for the change",
        )
        self.name = name


class UnknownMigrationError(GraphError):
    """The graph has a migration of a later release."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the graph has a migration of a later release: {name}", "use that release or a later one")
        self.name = name


class IncompleteWriteError(GraphError):
    """A statement created fewer objects than its rows, because a record refers to a missing object.

    Nothing is written.
    """

    def __init__(self, what: str, expected: int, got: int) -> None:
        super().__init__(
            f"a write created {got} {what} instead of {expected} and was rolled back",
            "a record refers to a report, image, concept or mention that is missing: report this as a bug",
        )
        self.what = what
        self.expected = expected
        self.got = got


class ResearchTargetError(GraphError):
    """The target of a research copy holds something else. It was not changed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the research copy can't be written there: {why}", "name an empty Neo4j, or an empty folder")
        self.why = why


class ResearchCopyError(GraphError):
    """The graph of the service's settings is a research copy."""

    def __init__(self, project: str) -> None:
        super().__init__(
            f"this graph is the research copy of the project {project}, so the service does not write to it",
            "set NEO4J_URI to the live graph",
        )
        self.project = project
