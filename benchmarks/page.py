"""The page in Chromium: how long until a study can be read, and how a list of 10,000 studies behaves.

    python -m benchmarks.page --data DIR [--rounds 20]      studies of a running stack, such as `make demo`
    python -m benchmarks.page [--patients 2000]             a list of 5 studies per patient, over a Neo4j of its own

A study can be read when its report (or, without the right to texts, its findings) is drawn; its film is timed apart.
The list is scrolled to its end; a jump is a change of the place of a row that is in sight while further rows are added.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.graphql import api_running, fill, neo4j_running
from graph.connection import open_driver
from tests.fixtures.browser import CHROMIUM, Tab, opened_tab
from tests.page.driving import Person

READABLE = "performance.now() * (document.querySelector('.report-text, .finding-list') !== null)"
SHOWN = "document.querySelector('.film img')?.complete && document.querySelector('.film img').naturalWidth > 0"
KEYS = "{ studies(first: 100) { edges { node { studyKey images { view } } } } }"
WATCH = """
window.jumps = []; window.rows = 0;
window.last = () =>
  Math.max(0, ...[...document.querySelectorAll('tr[aria-rowindex]')].map(row => row.ariaRowIndex - 1));
new MutationObserver(() => {
  const rows = window.last();
  if (rows === window.rows || !window.watched) return;
  window.rows = rows;
  window.jumps.push(Math.abs(window.watched.getBoundingClientRect().top - window.place));
}).observe(document.querySelector('main'), {childList: true, subtree: true});
"""
STEP = """
(() => {
  window.scrollTo(0, document.body.scrollHeight);
  const rows = [...document.querySelectorAll('table.rows tbody tr[aria-rowindex]')];
  const inside = rows.find(row => row.getBoundingClientRect().top > 100);
  if (inside) { window.watched = inside; window.place = inside.getBoundingClientRect().top; }
  return window.last();
})()
"""
DONE = "document.querySelector('button.more') === null && window.last()"
DRAWN = "document.querySelectorAll('tr[aria-rowindex]').length"
EARLY = 1000
"""Rows at which the memory is first measured."""


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--api", help="the address of the API [default: that of the stack]")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--patients", type=int, default=2000)
    arguments = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("there is no chromium on the PATH: apt-get install chromium")
    if arguments.data is not None:
        endpoints = json.loads((arguments.data / "run" / "endpoints.json").read_text())
        _studies(arguments.api or endpoints["api"], endpoints["api_key"], arguments.rounds)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        neo4j_running(Path(folder)) as settings,
        open_driver(settings) as driver,
    ):
        fill(driver, arguments.patients)
        with api_running(Path(folder), settings) as client:
            _list(str(client.base_url).rstrip("/"), client.headers["authorization"].removeprefix("Bearer "))


def _studies(address: str, key: str, rounds: int) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx2.post(f"{address}/graphql", json={"query": KEYS}, headers=headers, timeout=60, trust_env=False)
    studies = [edge["node"] for edge in answer.json()["data"]["studies"]["edges"]]
    chosen = [one["studyKey"] for one in studies if one["images"]][:rounds]
    readable, shown = [], []
    with tempfile.TemporaryDirectory() as profile, opened_tab(Path(profile)) as tab:
        person = _signed_in(Person(tab, address), key)
        for study in chosen:
            person.go("/studies")
            tab.wait("document.querySelector('table.rows tbody tr') !== null")
            tab.value("window.began = performance.now()")
            person.go(f"/studies/{study}")
            readable.append(_until(tab, READABLE))
            shown.append(_until(tab, f"performance.now() * ({SHOWN})"))
    print(f"{len(chosen)} studies, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name, times in (("report can be read", readable), ("film is shown", shown)):
        print(f"{name}: median {statistics.median(times):.0f} ms, most {max(times):.0f} ms")


def _until(tab: Any, expression: str) -> float:
    """Milliseconds since the study was asked for, looked at every few milliseconds."""
    while not (found := tab.value(f"({expression} || 0)")):
        time.sleep(0.005)
    began: float = tab.value("window.began")
    return float(found) - began


def _list(address: str, key: str) -> None:
    with tempfile.TemporaryDirectory() as profile, opened_tab(Path(profile)) as tab:
        _signed_in(Person(tab, address), key)
        tab.wait("document.querySelector('table.rows tbody tr') !== null")
        tab.value(WATCH)
        began, early = time.monotonic(), ""
        while not (rows := tab.value(DONE)):
            if tab.value(STEP) >= EARLY and not early:
                early = _held(tab)
            time.sleep(0.02)
        seconds = time.monotonic() - began
        late = _held(tab)
        jumps = json.loads(tab.value("JSON.stringify(window.jumps)"))
    print(f"{rows} rows in {seconds:.0f} s, {len(jumps)} pages, load {os.getloadavg()[0]:.1f}")
    print(f"held at {EARLY} rows: {early}; at {rows}: {late}")
    print(f"largest jump of a row in sight: {max(jumps, default=0):.1f} pixels")


def _held(tab: Tab) -> str:
    """What the page holds, after a collection of garbage."""
    tab.call("HeapProfiler.collectGarbage")
    heap = tab.call("Runtime.getHeapUsage")["usedSize"] / 2**20
    nodes = tab.call("Memory.getDOMCounters")["nodes"]
    return f"{heap:.0f} MiB of JavaScript, {nodes} nodes, {tab.value(DRAWN)} rows drawn"


def _signed_in(person: Person, key: str) -> Person:
    person.look("light")
    person.visit("/studies")
    person.sign_in(key)
    person.sees("Studies", "h1")
    return person


if __name__ == "__main__":
    main()
