"""The user of a command, as the audit trail names them."""

import getpass
import os


def console_user() -> str:
    """`cli:` and the account's name, or its number if the container has no name for it."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:{os.getuid()}"
