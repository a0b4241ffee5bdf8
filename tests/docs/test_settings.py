"""docs/settings.md names every setting, and no other."""

import importlib
import re
import subprocess
from collections.abc import Iterator

from pydantic_settings import BaseSettings

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def settings() -> Iterator[str]:
    """The names of all settings, as they stand in the environment."""
    listed = subprocess.run(["git", "ls-files", "*settings.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    for file in listed.stdout.splitlines():
        if file.startswith("tests/"):
            continue
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        for found in vars(module).values():
            if isinstance(found, type) and issubclass(found, BaseSettings) and found.__module__ == module.__name__:
                prefix = found.model_config.get("env_prefix", "")
                for name, field in found.model_fields.items():
                    yield str(field.validation_alias or f"{prefix}{name}".upper())


def test_the_page_names_every_setting_and_no_other() -> None:
    named = set(re.findall(r"`((?:VLMKG|NEO4J|CELERY)_[A-Z0-9_]+)`", PAGE))
    assert named == set(settings())
