"""Where `vlmkg simulate` sends: the stack that runs in the data folder, or the addresses that its options name."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import click

from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.errors import UsageError

F = TypeVar("F", bound=Callable[..., object])

HELP = {
    "mllp": "HOST:PORT of the HL7 door.",
    "dicom": "HOST:PORT of the DICOM door.",
    "dicomweb": "URL of the STOW-RS door: http://HOST:8090/dicomweb",
    "fhir": "URL of the FHIR door: http://HOST:8090/fhir",
    "graphql": "URL of the API: http://HOST:8000/graphql",
}


def address_options(command: F) -> F:
    """Options for the addresses of a system that no data folder of this machine knows."""
    for name, told in reversed(HELP.items()):
        command = click.option(f"--{name}", metavar="ADDRESS", help=f"{told} Default: that of the running stack.")(
            command
        )
    key = click.option(
        "--api-key",
        envvar="VLMKG_API_KEY",
        metavar="KEY",
        help="For the HTTP doors and the API; better by VLMKG_API_KEY.",
    )
    return key(command)


def endpoints_with(data: DataDir, named: Mapping[str, str | None]) -> Endpoints:
    """The addresses to send to.

    Raises UsageError if no stack runs and an address is missing, or if one is not HOST:PORT.
    """
    given = {name: value for name, value in named.items() if value}
    if not given:
        return data.require_endpoints()
    running = data.endpoints() or Endpoints()
    endpoints = running.model_copy(update=given)
    if missing := [name for name in (*HELP, "api_key") if getattr(endpoints, name) is None]:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise UsageError(f"no stack is running in {data.root}, and no address to send to is given", f"give {options}")
    for name in ("mllp", "dicom"):
        host, _, port = str(getattr(endpoints, name)).rpartition(":")
        if not host or not port.isdigit():
            raise UsageError(
                f"--{name} is no HOST:PORT", f"write it as --{name} gateway:{2575 if name == 'mllp' else 11112}"
            )
    for name in ("dicomweb", "fhir", "graphql"):
        if not str(getattr(endpoints, name)).startswith(("http://", "https://")):
            raise UsageError(f"--{name} is not an http:// or https:// address", HELP[name])
    return endpoints
