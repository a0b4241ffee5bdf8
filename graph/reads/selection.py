"""The requested fields of a query: a tree like a GraphQL selection."""

from dataclasses import dataclass

from graph.reads.wheres import FindingWhere, StudyWhere

MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: `first` rows after the row with the key `after` ("": from the beginning).

    `total` also requests the number of rows on all pages.
    """

    first: int = 20
    after: str = ""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """One selected field of an object. `name` is its name in the graph's vocabulary.

    A nested object or list is in the answer under `key`, which the caller generates: it becomes part of the query's
    text, so it has only letters and digits and is never user input. Plain values are under their name. `fields` are
    those of the nested object; a list with pages has its `page` and perhaps a `where`.
    """

    name: str
    key: str = ""
    fields: tuple["Selection", ...] = ()
    page: Page | None = None
    where: FindingWhere | StudyWhere | None = None

    def __post_init__(self) -> None:
        if self.key and not (self.key.isascii() and self.key.isalnum()):
            message = "a key of a query is letters and digits"
            raise ValueError(message)
