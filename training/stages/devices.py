"""One run on several devices: a process each, started by torchrun or `accelerate launch`."""

import torch
from accelerate import PartialState
from accelerate.utils import parse_flag_from_env

from vlmkg.errors import UsageError


def processes() -> PartialState:
    """This process among those of the run; they find each other with the first call.

    Told by ACCELERATE_USE_CPU, or without an accelerator, the processes are on CPUs: accelerate by itself would take
    each of them for the only one.
    """
    return PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available())


def main_process() -> bool:
    """Whether this process is the one that writes and tells; true where there is only one."""
    return bool(processes().is_main_process)


def need_one_process(what: str) -> None:
    """Raises UsageError if the run is spread over several processes."""
    count = processes().num_processes
    if count > 1:
        raise UsageError(f"{what} in {count} processes at once", "start it without torchrun or accelerate launch")
