"""The states of an event, the stages that move it, and the reasons for which it dies."""

from enum import StrEnum


class State(StrEnum):
    """Where an event stands. `refused` and `dead` wait for an operator; `merged` is what the graph shows."""

    RECEIVED = "received"
    QUEUED = "queued"
    EXTRACTING = "extracting"
    EXTRACTED = "extracted"
    MERGING = "merging"
    MERGED = "merged"
    REFUSED = "refused"
    DEAD = "dead"


class Stage(StrEnum):
    """The two kinds of work on an event."""

    EXTRACT = "extract"
    MERGE = "merge"


class DeadReason(StrEnum):
    """Why an event was given up. The codes are fixed: operators filter by them."""

    CRASHED = "crashed"
    EXTRACT_FAILED = "extract_failed"
    MERGE_FAILED = "merge_failed"


CLAIMABLE: dict[Stage, tuple[State, ...]] = {
    Stage.EXTRACT: (State.RECEIVED, State.QUEUED),
    Stage.MERGE: (State.EXTRACTED,),
}
"""The states that a stage takes events from."""

RUNNING: dict[Stage, State] = {Stage.EXTRACT: State.EXTRACTING, Stage.MERGE: State.MERGING}
"""The state of an event while a stage works on it, under a lease."""

BACK: dict[Stage, State] = {Stage.EXTRACT: State.RECEIVED, Stage.MERGE: State.EXTRACTED}
"""The state that an event returns to when a stage gives it back."""

DONE: dict[Stage, State] = {Stage.EXTRACT: State.EXTRACTED, Stage.MERGE: State.MERGED}
"""The state of an event when a stage has done its work."""

SETTLED = (State.MERGED, State.REFUSED, State.DEAD)
"""States in which nothing more happens by itself."""

ATTEMPTS = 3
"""An event that failed this often while it ran alone is dead."""
