"""The states of an event, the stages that process it, and the reasons why it becomes dead."""

from enum import StrEnum


class State(StrEnum):
    """The state of an event. `refused` and `dead` wait for an operator; a `merged` event is in the graph."""

    RECEIVED = "received"
    QUEUED = "queued"
    EXTRACTING = "extracting"
    EXTRACTED = "extracted"
    MERGING = "merging"
    MERGED = "merged"
    REFUSED = "refused"
    DEAD = "dead"


class Stage(StrEnum):
    """The two processing stages of an event."""

    EXTRACT = "extract"
    MERGE = "merge"


class DeadReason(StrEnum):
    """Why an event is dead. The codes are fixed: operators filter by them."""

    CRASHED = "crashed"
    EXTRACT_FAILED = "extract_failed"
    MERGE_FAILED = "merge_failed"


CLAIMABLE: dict[Stage, tuple[State, ...]] = {
    Stage.EXTRACT: (State.RECEIVED, State.QUEUED),
    Stage.MERGE: (State.EXTRACTED,),
}
"""The states from which a stage takes events."""

RUNNING: dict[Stage, State] = {Stage.EXTRACT: State.EXTRACTING, Stage.MERGE: State.MERGING}
"""The state of an event while a stage processes it, under a lease."""

BACK: dict[Stage, State] = {Stage.EXTRACT: State.RECEIVED, Stage.MERGE: State.EXTRACTED}
"""The state to which an event returns when a stage releases it."""

DONE: dict[Stage, State] = {Stage.EXTRACT: State.EXTRACTED, Stage.MERGE: State.MERGED}
"""The state of an event after a stage."""

SETTLED = (State.MERGED, State.REFUSED, State.DEAD)
"""Settled states: nothing more happens without an operator or a new message."""

ATTEMPTS = 3
"""An event is dead after this number of failures while processed alone."""
