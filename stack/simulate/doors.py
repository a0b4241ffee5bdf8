"""Send through all listeners of the gateway at once."""

import asyncio
from collections.abc import Callable, Sequence

from stack.simulate.fhir import post
from stack.simulate.films import store
from stack.simulate.sending import Account, Pace, Plan, send
from stack.simulate.stow import store_over_http
from stack.simulate.traffic import Door, Message
from vlmkg.data_dir import Endpoints
from vlmkg.errors import UsageError


def require_doors(endpoints: Endpoints) -> None:
    """Raise UsageError if the gateway does not listen for a needed protocol."""
    missing = [name for name in ("mllp", "dicom", "dicomweb", "fhir") if getattr(endpoints, name) is None]
    if missing:
        raise UsageError(
            f"the gateway does not listen for: {', '.join(missing)}", "unset VLMKG_GATEWAY_DOORS and restart the stack"
        )


async def send_all(
    endpoints: Endpoints, messages: Sequence[Message], plan: Plan, account: Account, done: Callable[[], object]
) -> None:
    """Send HL7 messages as planned, and at the same time FHIR resources and films, each in sequence, when they are due.

    Returns when all are settled, or at the plan's time limit.
    """
    by_door: dict[Door, list[Message]] = {"mllp": [], "fhir": [], "dicom": [], "dicomweb": []}
    for message in messages:
        by_door[message.door].append(message)
    key, pace = str(endpoints.api_key), Pace(messages, plan.rate)
    await asyncio.gather(
        send(str(endpoints.mllp), by_door["mllp"], plan, pace, account, done),
        asyncio.to_thread(post, str(endpoints.fhir), key, by_door["fhir"], plan.limit_s, pace, account, done),
        asyncio.to_thread(store, str(endpoints.dicom), by_door["dicom"], plan.limit_s, pace, account, done),
        asyncio.to_thread(
            store_over_http, str(endpoints.dicomweb), key, by_door["dicomweb"], plan.limit_s, pace, account, done
        ),
    )
