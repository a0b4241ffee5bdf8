"""One run on several devices: one process per device, started by torchrun or `accelerate launch`."""

import torch
from accelerate import PartialState
from accelerate.utils import parse_flag_from_env

from vlmkg.errors import UsageError


def processes() -> PartialState:
    """The state of this process among those of the run; the first call connects them.

    With ACCELERATE_USE_CPU, or without an accelerator, the processes are on CPUs: accelerate itself would treat each of
    them as the only one.
    """
    return PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available())


def main_process() -> bool:
    """Whether this process writes files and messages; true if it is the only one."""
    return bool(processes().is_main_process)


def need_one_process(what: str) -> None:
    """Raises UsageError if the run is spread over several processes."""
    count = processes().num_processes
    if count > 1:
        raise UsageError(f"{what} in {count} processes at once", "start it without torchrun or accelerate launch")
