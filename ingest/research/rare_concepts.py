"""Replace concepts with too few patients by broader ones, along IS_A, until each has enough.

The unit of counting is a cell: a concept with a presence. If "sarcoidosis" is denied in a thousand patients and found
in one, the found one must be hidden.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set

from graph.records import ConceptRecord, StudySubgraph
from vlmkg.schema import Presence
from vlmkg.vocabulary.closure import parents
from vlmkg.vocabulary.loader import load_vocabulary

Cell = tuple[str, Presence]


def cells_of(subgraph: StudySubgraph) -> Iterator[Cell]:
    """The cells of a study: of its mentions, findings and their locations."""
    for mention in subgraph.mentions:
        yield mention.concept.code, mention.presence
        if mention.finding:
            yield mention.finding.concept_code, mention.presence
            for code in mention.finding.place_codes:
                yield code, Presence.PRESENT


def broader(patients: Mapping[Cell, Set[str]], least: int, nothing: ConceptRecord) -> dict[Cell, ConceptRecord]:
    """The replacement for the concept of each cell with fewer than `least` patients.

    It is the parent with the most patients, and that one's parent if those are still too few; `nothing` above the last.
    The patients of children are added to their parents, so a kept concept has enough. It is its own replacement if its
    own patients were too few, because then the wording is suppressed.
    """
    held: dict[Cell, set[str]] = defaultdict(set, {cell: set(found) for cell, found in patients.items()})
    goes: dict[Cell, Cell | None] = {}
    for cell in _lowest_first(held):
        if not held[cell] or len(held[cell]) >= least:
            continue
        code, presence = cell
        choices = [(above, presence) for above in parents(code)]
        goes[cell] = max(choices, key=lambda one: (len(held[one]), one[0]), default=None)
        if (parent := goes[cell]) is not None:
            held[parent] |= held[cell]
    concepts = {each.code: ConceptRecord(each.code, each.system, each.name) for each in load_vocabulary().concepts}
    return {cell: _end(cell, goes, concepts, nothing) for cell, found in patients.items() if len(found) < least}


def _lowest_first(held: Mapping[Cell, Set[str]]) -> list[Cell]:
    """Every reachable cell, children before their parents."""
    depths: dict[str, int] = {}

    def depth(code: str) -> int:
        if code not in depths:
            depths[code] = 1 + max(map(depth, parents(code)), default=0)
        return depths[code]

    todo, found = list(held), set(held)
    while todo:
        code, presence = todo.pop()
        above = {(parent, presence) for parent in parents(code)} - found
        found |= above
        todo += above
    return sorted(found, key=lambda cell: (-depth(cell[0]), *cell))


def _end(
    cell: Cell, goes: Mapping[Cell, Cell | None], concepts: Mapping[str, ConceptRecord], nothing: ConceptRecord
) -> ConceptRecord:
    at: Cell | None = cell
    while at is not None and at in goes:
        at = goes[at]
    return concepts[at[0]] if at else nothing
