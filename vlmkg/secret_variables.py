"""Secrets from files, so that a container's secrets are not in an environment that others can read.

Before a command runs, two forms are read, only for the variables of SECRETS:

    NEO4J_PASSWORD_FILE=/run/secrets/neo4j_password                      the whole value is the file's text
    CELERY_BROKER_URL=redis://:<file:/run/secrets/redis_password>@redis  a part of an address, quoted
"""

import re
from collections.abc import MutableMapping
from functools import partial
from pathlib import Path
from urllib.parse import quote

from vlmkg.errors import UsageError

SECRETS = (
    "NEO4J_PASSWORD",
    "CELERY_BROKER_URL",
    "VLMKG_LEDGER_URL",
    "VLMKG_PSEUDONYM_KEY",
    "VLMKG_RESEARCH_NEO4J_PASSWORD",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)

_PART = re.compile(r"<file:([^<>]+)>")


def read_secret_files(environment: MutableMapping[str, str]) -> None:
    """Put the text of the files into the environment of this process.

    Raises UsageError where a file can't be read or is empty, or a variable is set in both forms. No text is told.
    """
    for name in SECRETS:
        named = environment.pop(f"{name}_FILE", None)
        if named is not None:
            if environment.get(name):
                raise UsageError(f"{name} and {name}_FILE are both set", "unset one of them")
            environment[name] = _text(f"{name}_FILE", named)
        elif _PART.search(environment.get(name, "")):
            environment[name] = _PART.sub(partial(_quoted, name), environment[name])


def _quoted(variable: str, part: re.Match[str]) -> str:
    return quote(_text(variable, part[1]), safe="")


def _text(variable: str, named: str) -> str:
    try:
        text = Path(named).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        kind = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"the file that {variable} names can't be read: {kind}", f"see {named}") from None
    if not text:
        raise UsageError(f"the file that {variable} names is empty", f"write the secret into {named}")
    return text
