"""Settings of the folder door."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FolderSettings(BaseSettings):
    """VLMKG_WATCH_FOLDER and how it is watched."""

    model_config = SettingsConfigDict(env_prefix="VLMKG_WATCH_", frozen=True)

    folder: Path | None = None
    """VLMKG_WATCH_FOLDER: the folder to watch; unset: the door stays shut."""

    interval: float = Field(default=1.0, gt=0)
    """VLMKG_WATCH_INTERVAL, in seconds: how often it is looked into."""

    settle: float = Field(default=2.0, ge=0)
    """VLMKG_WATCH_SETTLE, in seconds: a file that has not changed for so long is taken for whole. Senders that write
    under a hidden name and rename need no time; others must not pause for longer."""
