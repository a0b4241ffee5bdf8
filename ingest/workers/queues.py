"""The queues of the workers."""

from enum import StrEnum


class Queue(StrEnum):
    """One queue a stage, so that hosts with a GPU can take `extract` alone."""

    EXTRACT = "extract"
    MERGE = "merge"
