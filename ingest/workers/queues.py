"""The queues of the workers."""

from enum import StrEnum


class Queue(StrEnum):
    """One queue per stage, so that hosts with a GPU can run only `extract`."""

    EXTRACT = "extract"
    MERGE = "merge"
