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
    """The variables that choose the engine, for every process that reads studies."""

    model_config = SettingsConfigDict(frozen=True)

    engine: str | None = Field(default=None, validation_alias="VLMKG_ENGINE")
    """VLMKG_ENGINE: `rules`, `model`, or a checkpoint's folder; unset: `vlmkg.default_engine` chooses."""

    checkpoint: Path | None = Field(default=None, validation_alias="VLMKG_CHECKPOINT")
    """VLMKG_CHECKPOINT: the folder of the engine `model`; unset: the last promoted checkpoint,
    else the shipped one."""

    data: Path = Field(default=Path("var"), validation_alias="VLMKG_DATA")
    """VLMKG_DATA: the data folder, with the promotions."""

    known_windows: int = Field(default=4096, ge=0, validation_alias="VLMKG_KNOWN_WINDOWS")
    """VLMKG_KNOWN_WINDOWS: size of the model's cache of sentences with their context; 0: no cache."""

    device: str | None = Field(default=None, validation_alias="VLMKG_DEVICE")
    """VLMKG_DEVICE: where the model runs, in torch's notation: cpu, cuda:0. Unset: a GPU if there is one."""
