"""Settings of reading (which engine, which checkpoint, on which device), and of what all processes print."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LogFormat(StrEnum):
    """How a line of log is written."""

    LOGFMT = "logfmt"
    JSON = "json"


class LogSettings(BaseSettings):
    """What every process that serves or works prints."""

    model_config = SettingsConfigDict(frozen=True)

    log_format: LogFormat = Field(default=LogFormat.LOGFMT, validation_alias="VLMKG_LOG_FORMAT")
    """VLMKG_LOG_FORMAT: `logfmt` (`key=value`), or `json`, one object a line."""


class EngineSettings(BaseSettings):
    """The variables by which every process that reads studies chooses its engine."""

    model_config = SettingsConfigDict(frozen=True)

    engine: str | None = Field(default=None, validation_alias="VLMKG_ENGINE")
    """VLMKG_ENGINE: `rules`, `model`, or a checkpoint's folder; unset: `vlmkg.default_engine` chooses."""

    checkpoint: Path | None = Field(default=None, validation_alias="VLMKG_CHECKPOINT")
    """VLMKG_CHECKPOINT: the folder of the checkpoint that `model` stands for; unset: the one promoted last,
    else the one that comes with the project."""

    data: Path = Field(default=Path("var"), validation_alias="VLMKG_DATA")
    """VLMKG_DATA: the data folder, which knows what was promoted."""

    known_windows: int = Field(default=4096, ge=0, validation_alias="VLMKG_KNOWN_WINDOWS")
    """VLMKG_KNOWN_WINDOWS: sentences, with what stands around them, that a model remembers; 0: none."""

    device: str | None = Field(default=None, validation_alias="VLMKG_DEVICE")
    """VLMKG_DEVICE: where the model runs, as torch names it: cpu, cuda:0. Unset: a GPU where there is one."""
