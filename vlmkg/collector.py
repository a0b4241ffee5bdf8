"""Pause Python's collector of reference cycles while reports are read by rules.

Reading makes tens of thousands of small records and no reference cycle: counting references frees all that is done
with. The collector finds nothing, but visits everything that is kept in memory again and again.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """No collection within, in any thread; as before behind it. For a batch of reports, not for longer."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
