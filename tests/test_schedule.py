"""Which tests run on one worker of pytest-xdist: each file as a whole, and those of the graph in two shares."""

import os
import re
import subprocess
import sys

from tests.fixtures.schedule import KILLERS, LONGEST, SHARES, TESTS, share_of

TOGETHER = ("tests/graph/test_page_keys.py", "tests/graph/reads/test_trees.py")
"""Two files of one share that need no server."""
APART = "tests/vlmkg/test_spans.py"


def test_every_name_of_the_schedule_is_a_file_or_folder() -> None:
    names = [*LONGEST, *KILLERS, *(name for share in SHARES for name in share)]
    assert [name for name in names if not (TESTS / name).exists()] == []


def test_the_graph_s_tests_are_in_two_shares_and_others_by_themselves() -> None:
    assert {share_of("tests/graph/test_verify.py"), share_of("tests/api/test_queries.py")} == {"share 0", "share 1"}
    assert share_of("tests/test_schedule.py") == "tests/test_schedule.py"


def test_the_scheduler_keeps_a_share_and_a_file_on_one_worker() -> None:
    """On the real pytest-xdist: its `loadgroup` splits groups under this pytest, and nothing says so."""
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    shown = subprocess.run(
        [*command, *TOGETHER, APART], cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=True
    ).stdout
    workers: dict[str, set[str]] = {}
    for worker, file in re.findall(r"\[(gw\d)\].* (tests/\S+?)::", shown):
        workers.setdefault(file, set()).add(worker)
    assert set(workers) == {*TOGETHER, APART}
    assert all(len(used) == 1 for used in workers.values())
    assert workers[TOGETHER[0]] == workers[TOGETHER[1]] != workers[APART]
