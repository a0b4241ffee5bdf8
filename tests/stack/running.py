"""A real `vlmkg up` as a child process of the tests."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from tests.fixtures.neo4j_server import SHORT_LIVED
from tests.stack.processes import until

OURS = ("NEO4J_", "CELERY_", "VLMKG_")
FOR_TESTS = {"VLMKG_ENGINE": "rules", "VLMKG_NEO4J_HEAP": "256m", "JDK_JAVA_OPTIONS": " ".join(SHORT_LIVED)}
"""Settings for a fast start of the engine and the graph (docs/decisions/0054-short-lived-test-server.md)."""


class Up:
    """One `vlmkg up`. `said` is what it printed so far."""

    def __init__(self, data: Path, **settings: str) -> None:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "vlmkg", "up", "--data", str(data)],
            env={**plain, **FOR_TESTS, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # As from a shell: Ctrl-C goes to this group.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ready(self, limit_s: float = 240.0) -> bool:
        """Whether it prints the line `ready`."""
        return until(lambda: "ready" in self.said or self.process.poll() is not None, limit_s) and "ready" in self.said

    def says(self, line: str, limit_s: float = 150.0) -> bool:
        """Whether it prints the line in time."""
        return until(lambda: line in self.said, limit_s)

    def ended(self, limit_s: float = 150.0) -> int:
        """Wait for its end and for its last line. Returns the exit code."""
        code = self.process.wait(limit_s)
        self._reader.join(limit_s)
        return code

    def end(self) -> None:
        """End it in any state."""
        if self.process.poll() is None:
            self.process.terminate()
        self.ended()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.said.append(line.rstrip("\n"))
