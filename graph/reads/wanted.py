"""What a question wants to see: a tree of fields, as a GraphQL selection has it."""

from dataclasses import dataclass

from graph.reads.wheres import FindingWhere, StudyWhere

MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: `first` rows after the row with the key `after` ("" is the beginning).

    `total` asks also for the number of rows on all pages.
    """

    first: int = 20
    after: str = ""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """One field of an object. `name` is its name in the graph's vocabulary.

    A nested object or list stands in the answer under `key`, which the caller makes up: it becomes part of the query's
    text, so it is letters and digits alone and never somebody's words. Plain values stand under their name. `fields`
    are those of the object behind it; a list that comes in pages has its `page` and perhaps a `where`.
    """

    name: str
    key: str = ""
    fields: tuple["Wanted", ...] = ()
    page: Page | None = None
    where: FindingWhere | StudyWhere | None = None

    def __post_init__(self) -> None:
        if self.key and not (self.key.isascii() and self.key.isalnum()):
            message = "a key of a query is letters and digits"
            raise ValueError(message)
