"""`make screenshots`: a picture of each view, light and dark, and of Neo4j Browser, of a running stack with the day of
`vlmkg demo`.

python -m tests.page.screenshots [--data DIR] [--out DIR]
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

from tests.fixtures.browser import CHROMIUM, opened_tab
from tests.page.driving import Person
from tests.page.neo4j_browser import ARROWS, log_in

OUT = Path(__file__).parents[2] / "docs" / "figures" / "page"
STATES = "[...document.querySelectorAll('table.rows .state')]"
SETTLED_S = 8.0
"""Neo4j Browser moves its nodes apart for a while."""
STUDY = "studyKey images { view } mentions { mentionId }"
DISPUTED = f"""{{ findings(first: 10, where: {{disputed: true, presence: [PRESENT, UNCERTAIN, ABSENT]}}) {{
  edges {{ node {{ study {{ {STUDY} }} }} }} }} }}"""
STUDIES = f"{{ studies(first: 10) {{ edges {{ node {{ {STUDY} }} }} }} }}"
PATIENTS = "{ patients(first: 100) { edges { node { patientId studies { totalCount } } } } }"


def ask(address: str, key: str, query: str) -> Any:
    """The data of a query."""
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx2.post(f"{address}/graphql", json={"query": query}, headers=headers, timeout=60, trust_env=False)
    found: dict[str, Any] = answer.json()
    if "errors" in found:
        raise SystemExit(found["errors"][0]["message"])
    return found["data"]


def places(address: str, key: str) -> dict[str, str]:
    """The address of each view: a disputed study with a film and many mentions, the patient with most studies."""
    disputed = [edge["node"]["study"] for edge in ask(address, key, DISPUTED)["findings"]["edges"]]
    studies = disputed or [edge["node"] for edge in ask(address, key, STUDIES)["studies"]["edges"]]
    study = max(studies, key=lambda one: (bool(one["images"]), len(one["mentions"])))
    patients = [edge["node"] for edge in ask(address, key, PATIENTS)["patients"]["edges"]]
    patient = max(patients, key=lambda one: one["studies"]["totalCount"])
    return {
        "studies": "/studies",
        "study": f"/studies/{study['studyKey']}",
        "patient": f"/patients/{patient['patientId']}",
        "review": "/review?queue=disputed" if disputed else "/review?queue=any",
        "cohort": "/cohort",
        "feed": "/feed",
        "message": "/feed?state=refused",
    }


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("var"))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--api", help="the address of the API [default: that of the stack]")
    arguments = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("there is no chromium on the PATH: apt-get install chromium")
    endpoints = json.loads((arguments.data / "run" / "endpoints.json").read_text())
    address, key = arguments.api or endpoints["api"], endpoints["api_key"]
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile, opened_tab(Path(profile)) as tab:
        person = Person(tab, address)
        person.visit()
        person.sign_in(key)
        person.sees("Studies", "h1")
        for name, path in places(address, key).items():
            person.go(path)
            tab.wait("document.querySelector('main h1, main .empty') && !document.querySelector('main .busy')")
            if name == "study":
                tab.wait("document.querySelector('.film img')?.complete || !document.querySelector('.with-film')")
                disputed = tab.value("document.querySelector('.finding-list .disputed') !== null")
                person.click(".finding-list button", "⚡" if disputed else "")
            if name == "message":
                tab.wait(f"{STATES}.length > 0 && {STATES}.every(one => one.classList.contains('refused'))")
                person.click("table.rows th button")
                person.click("button", "Show message")
                tab.wait("document.querySelector('.message-parts tr') !== null")
            for scheme in ("light", "dark"):
                person.look(scheme)
                person.picture(arguments.out / f"{name}-{scheme}.png")
    if endpoints.get("browser"):
        with tempfile.TemporaryDirectory() as profile, opened_tab(Path(profile)) as tab:
            person = Person(tab, endpoints["browser"])
            person.look("light", 1400, 1000)
            log_in(person, endpoints["neo4j_username"], endpoints["neo4j_password"])
            tab.value(f"{ARROWS}[0].click()")
            tab.wait("document.querySelectorAll('svg g.node').length > 5")
            time.sleep(SETTLED_S)
            person.picture(arguments.out.parent / "neo4j-browser.png")


if __name__ == "__main__":
    main()
