"""`python -S -m ingest.heartbeat_probe`: a fast `vlmkg worker health` for container probes.

A probe runs every 10 s in each container. The command line costs half a second of processor time for its imports, and
on a host that is overloaded it does not end in time; this needs the standard library alone.
"""

import os
import sys
from pathlib import Path

from ingest.heartbeat import OLDEST_S, require_life
from vlmkg.errors import RefusedError


def main() -> int:
    """Print the last signs of life of VLMKG_READY_FILE, or why there are none. Returns the exit code."""
    ready = os.environ.get("VLMKG_READY_FILE")
    if not ready:
        sys.stderr.write("VLMKG_READY_FILE is not set\n  set it to the same path as the worker or gateway\n")
        return 2
    try:
        found = require_life(Path(ready), OLDEST_S)
    except RefusedError as error:
        sys.stderr.write(f"{error}\n  {error.remedy}\n")
        return error.exit_code
    sys.stdout.write("".join(f"{beat.name}: {beat.age_s:.0f} s ago\n" for beat in found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
