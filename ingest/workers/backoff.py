"""Pauses during an outage: increasing and bounded, with one log line per outage instead of one per try."""

import random
import time
from collections.abc import Callable

import structlog

from vlmkg.errors import VlmkgError

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0

log = structlog.get_logger()


class Backoff:
    """Counts the failures of one process since the last success."""

    def __init__(self, sleep: Callable[[float], object] = time.sleep, longest_s: float = LONGEST_PAUSE_S) -> None:
        self.failures = 0
        self._longest_s = longest_s
        self._since = 0.0
        self._sleep = sleep

    def pause(self, error: VlmkgError) -> None:
        """Wait before the next try: twice as long each time up to `longest_s`, spread by a quarter."""
        if self.failures == 0:
            self._since = time.monotonic()
            log.warning("outage", kind=type(error).__name__, what=str(error), remedy=error.remedy)
        # The exponent is bounded too: an outage of a night would overflow a float.
        pause = min(FIRST_PAUSE_S * 2.0 ** min(self.failures, 16), self._longest_s)
        self.failures += 1
        self._sleep(pause * random.uniform(0.75, 1.0))  # noqa: S311 - spreads tries in time, guards no secret

    def succeeded(self) -> None:
        """Reset after a success."""
        if self.failures:
            log.info("outage over", seconds=round(time.monotonic() - self._since, 1), tries=self.failures)
        self.failures = 0
