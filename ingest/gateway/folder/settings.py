"""Settings of the folder door."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FolderSettings(BaseSettings):
    """VLMKG_WATCH_FOLDER and the times of watching it."""

    model_config = SettingsConfigDict(env_prefix="VLMKG_WATCH_", frozen=True)

    folder: Path | None = None
    """VLMKG_WATCH_FOLDER: the folder to watch; unset: this door is not opened."""

    interval: float = Field(default=1.0, gt=0)
    """VLMKG_WATCH_INTERVAL, in seconds: the time between two checks of the folder."""

    settle: float = Field(default=2.0, ge=0)
    """VLMKG_WATCH_SETTLE, in seconds: a file that has not changed for this time is complete.

    Senders that rename a hidden file need no time; others must not pause for longer.
    """
