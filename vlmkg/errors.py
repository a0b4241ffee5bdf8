"""Errors with a remedy for the user.

    VlmkgError
    ├── UsageError          exit 2: the call or the settings are wrong, or nothing is running
    ├── RefusedError        exit 1: the input was understood and refused
    └── DeviceMemoryError   exit 1: the device has too little memory for the studies

Each package adds its own below these. The command line prints `str(error)` and, on its own line, `error.remedy`.
"""

from typing import ClassVar


class VlmkgError(Exception):
    """Base of all errors of this project. `remedy` says what the user can do about it."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class UsageError(VlmkgError):
    """The call or the settings are wrong, or a needed part is not running."""

    exit_code = 2


class RefusedError(VlmkgError):
    """The input was understood and refused."""


class DeviceMemoryError(VlmkgError):
    """The device has too little memory for the studies."""
