"""Errors of the local stack.

VlmkgError
├── UsageError
│   ├── AlreadyRunningError     a stack runs in this data folder, or a killed one is still stopping
│   ├── UnfitFolderError        the data folder can't be used as one
│   └── MissingProgramError     a program that the stack starts is not installed
└── PartError                   a part did not start, or crashed too often
"""

from pathlib import Path

from vlmkg.errors import UsageError, VlmkgError


class AlreadyRunningError(UsageError):
    """The data folder belongs to a stack that is running or still stopping."""

    def __init__(self, root: Path, owner: str) -> None:
        who = f" (process {owner})" if owner else ""
        super().__init__(
            f"a stack is already running in {root}{who}",
            "stop it with Ctrl-C in its terminal, or choose another folder with --data",
        )


class UnfitFolderError(UsageError):
    """The data folder can't be created, belongs to another user, or has other content."""


class MissingProgramError(UsageError):
    """A program that the stack starts is not installed."""

    def __init__(self, program: str) -> None:
        super().__init__(f"{program} is not installed", "run `make setup`, which installs it or says how")


class PartError(VlmkgError):
    """A part did not start or keeps crashing. `log_lines` are its last output, which has no patient data."""

    def __init__(self, part: str, what: str, log_lines: str, remedy: str) -> None:
        last = f"; its last lines:\n{log_lines}" if log_lines else "; it printed nothing"
        super().__init__(f"{part} {what}{last}", remedy)
        self.part = part
