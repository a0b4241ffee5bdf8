"""The page in a real Chromium, on the real API: each view's main task by keys and by mouse, roles, ends of sessions."""

import json
from typing import Any

import pytest

from api.settings import GRAPHIQL
from ingest.ledger.access import api_keys
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api
from tests.page.conftest import STUDY, signed_in
from tests.page.driving import Person

pytestmark = pytest.mark.long

ROW = "document.querySelectorAll('table.rows tbody tr').length"
ANSWER = "document.querySelector('.graphiql-response').innerText"
PLACE = "location.pathname + location.search"


def study_key(ward: Api, uid: str = STUDY) -> str:
    found: str = ward.data("query ($uid: String!) { study(studyUid: $uid) { studyKey } }", uid=uid)["study"]["studyKey"]
    return found


def test_nobody_is_let_in_without_a_key_and_none_is_kept(person: Person, ward: Api) -> None:
    person.visit("/studies")
    person.sign_in("wrong")
    person.sees("The key was not accepted", ".failure")
    person.tab.value("document.querySelector('input[name=key]').select()")
    key = ward.keys[Role.VIEWER]
    person.sign_in(key)
    person.sees("4 studies", "[role=status]")
    assert key not in person.tab.value("location.href")
    assert person.tab.value("localStorage.length + sessionStorage.length") == 0
    assert person.tab.value("document.cookie") == ""
    assert not any(key in request for request in person.tab.requests)
    assert {request for request in person.tab.requests if not request.startswith(("data:", person.address))} == set()
    assert [one for one in person.tab.complaints if "401" not in one] == []
    person.visit("/studies")
    person.sees("Sign in", ".sign-in")


def test_a_study_is_found_and_opened_by_keys_alone(viewer: Person, ward: Api) -> None:
    viewer.press("/")
    assert viewer.tab.value("document.activeElement.getAttribute('role')") == "combobox"
    viewer.paste("pleural eff")
    viewer.tab.wait(
        "document.querySelector('[role=option][aria-selected=true]')?.textContent.includes('pleural effusion')"
    )
    viewer.press("Enter")
    viewer.tab.wait(f"{ROW} === 2")
    assert "finding=RID34539" in viewer.tab.value(PLACE)
    viewer.sees("2 studies", "[role=status]")
    viewer.press("Escape", "j", "Enter")
    viewer.tab.wait("document.querySelector('section.study') !== null")
    assert viewer.tab.value("location.pathname").removeprefix("/studies/") in {
        study_key(ward),
        study_key(ward, "1.2.5"),
    }


def test_a_denied_finding_never_looks_like_a_present_one(viewer: Person) -> None:
    found = viewer.tab.value(
        "JSON.stringify([...document.querySelectorAll('.chips .finding')].map(one =>"
        " [one.className, one.innerText, one.textContent,"
        " getComputedStyle(one.querySelector('.name')).textDecorationLine]))"
    )
    rows: list[Any] = json.loads(found)
    denied = [row for row in rows if "pneumothorax" in row[1]]
    assert len(denied) == 4
    for classes, shown, read, line in denied:
        assert ("absent" in classes, "line-through" in line) == (True, True)
        assert "⊘" in shown
        assert "absent" in shown
        assert read.strip().startswith("⊘ Absent:")
    present = next(row for row in rows if "pleural effusion" in row[1] and "present" in row[0])
    assert ("●" in present[1], "line-through" in present[3]) == (True, False)


def test_a_filter_is_in_the_address(viewer: Person) -> None:
    viewer.click(".presences label", "Absent")
    viewer.tab.wait("location.search === '?presence=absent'")
    viewer.go("/studies?modality=DX")
    viewer.tab.wait(f"{ROW} === 1")
    viewer.click("button", "Clear filters")
    viewer.tab.wait(f"{ROW} === 4")
    viewer.click("label.check", "only disputed")
    viewer.tab.wait(f"{ROW} === 2")


def test_studies_are_sorted_and_the_order_is_in_the_address(viewer: Person) -> None:
    dates = "[...document.querySelectorAll('.rows th[scope=row] a')].map(one => one.innerText).join()"
    newest = viewer.tab.value(dates)
    assert newest == "01 Mar 2024,01 Feb 2024,02 Jan 2024,01 Jan 2024"
    viewer.click(".rows thead button", "Date")
    viewer.tab.wait("location.search === '?sort=oldest'")
    viewer.tab.wait(f"{dates} !== {newest!r}")
    assert viewer.tab.value(dates).split(",") == newest.split(",")[::-1]
    viewer.click("label.check", "only disputed")
    viewer.tab.wait("location.search === '?disputed=1&sort=oldest'")


def test_report_graph_and_list_light_up_together(viewer: Person, ward: Api) -> None:
    viewer.go(f"/studies/{study_key(ward)}")
    viewer.tab.wait("document.querySelectorAll('.graph .node').length > 6")
    viewer.tab.wait("document.querySelector('.film img')?.naturalWidth === 128")
    viewer.click(".report-text .mark", "effusion")
    viewer.sees("Small left pleural effusion.", ".provenance q")
    lit = (
        "JSON.stringify([...document.querySelectorAll('{} [data-mention].lit')].map(one => one.dataset.mention).sort())"
    )
    marks, nodes = (json.loads(viewer.tab.value(lit.format(part))) for part in (".report-text", ".graph"))
    assert marks == nodes
    assert len(marks) == 3
    assert viewer.text(".finding-list button[aria-pressed=true]").find("effusion") >= 0
    viewer.press("Escape")
    viewer.tab.wait("document.querySelector('.provenance') === null")
    viewer.tab.value(
        "[...document.querySelectorAll('.graph .node')].find(one => one.textContent.includes('pneumothorax')).focus()"
    )
    viewer.press("Enter")
    viewer.sees("No pneumothorax.", ".provenance q")
    viewer.sees("Absent", ".provenance h3")
    viewer.click(".differences summary")
    viewer.sees("pneumothorax", ".differences ins:last-of-type")


def test_what_the_report_says_twice_is_listed_once(viewer: Person, ward: Api) -> None:
    viewer.go(f"/studies/{study_key(ward, '1.2.4')}")
    entry = "[...document.querySelectorAll('.finding-list button')].filter(one => one.innerText.includes('{}'))"
    twice = entry.format("pleural effusion")
    assert viewer.tab.wait(f"{twice}.length") == 1
    viewer.click(".finding-list button", "pleural effusion")
    viewer.sees("1 / 2×", ".finding-list button[aria-pressed=true]")
    first = viewer.tab.wait("document.querySelector('.report-text .chosen').dataset.mention")
    viewer.click(".finding-list button", "pleural effusion")
    viewer.sees("2 / 2×", ".finding-list button[aria-pressed=true]")
    assert viewer.tab.value("document.querySelector('.report-text .chosen').dataset.mention") != first


def test_text_that_was_not_read_is_grey_and_says_why(viewer: Person, ward: Api) -> None:
    viewer.go(f"/studies/{study_key(ward, '1.2.5')}")
    viewer.sees("Fever and cough", ".report-text .aside")
    assert viewer.tab.value("document.querySelector('.report-text .aside').title") == "not read: history"
    assert "effusion" not in viewer.text(".report-text .aside")


def test_the_film_zooms_and_inverts_by_keys(viewer: Person, ward: Api) -> None:
    viewer.go(f"/studies/{study_key(ward)}")
    viewer.tab.wait("document.querySelector('.film img')?.complete")
    viewer.tab.value("document.querySelector('.frame').focus()")
    viewer.press("+", "i")
    viewer.tab.wait("document.querySelector('.film img').style.transform.includes('scale(1.25)')")
    assert "invert(1)" in viewer.tab.value("document.querySelector('.film img').style.filter")
    viewer.press("0")
    viewer.tab.wait("document.querySelector('.film img').style.transform.includes('scale(1)')")


def test_a_window_of_other_grey_values_is_drawn_by_the_server(viewer: Person, ward: Api) -> None:
    viewer.go(f"/studies/{study_key(ward)}")
    source = "document.querySelector('.film img')?.src"
    before = viewer.tab.wait(source)
    greatest = viewer.tab.wait("Number(document.querySelector('.film input[name=level]')?.max)")
    viewer.tab.value(
        "(() => { const level = document.querySelector('.film input[name=level]'); level.value = level.max;"
        " level.dispatchEvent(new Event('input', {bubbles: true})) })()"
    )
    viewer.sees(f"Level {round(greatest):,}", ".film figcaption")
    # At once near to it by a filter, and then drawn anew: no filter is left.
    viewer.tab.wait(f"{source} !== {json.dumps(before)}")
    viewer.tab.wait("document.querySelector('.film img').style.filter === ''")
    darker = viewer.tab.wait(source)
    viewer.click(".film button", "All grey values")
    viewer.tab.wait(f"{source} !== {json.dumps(darker)}")
    viewer.tab.value("document.querySelector('.frame').focus()")
    viewer.press("0")
    viewer.tab.wait(f"{source} === {json.dumps(before)}")


def test_a_timeline_tells_silence_from_denial(viewer: Person, ward: Api) -> None:
    viewer.go(f"/studies/{study_key(ward)}")
    viewer.click("a.patient")
    viewer.sees("Findings over time".upper(), ".pane h2")
    row = "[...document.querySelectorAll('.timeline tbody tr')].find(one => one.innerText.includes('{}'))"
    cells = f"JSON.stringify([...{row}.querySelectorAll('td')].map(one => one.innerText.replace(/^\\W+/, '').trim()))"
    assert json.loads(viewer.tab.value(cells.format("pneumothorax"))) == ["denied"] * 3
    assert json.loads(viewer.tab.value(cells.format("pneumonia"))) == ["uncertain", "", "uncertain"]
    viewer.click(".timeline .cell.denied")
    viewer.sees("pneumothorax", ".provenance q")


def test_reviews_need_no_mouse(viewer: Person, ward: Api) -> None:
    viewer.go("/review")
    viewer.sees("pneumonia", ".sample h2")
    keys = "[...document.querySelectorAll('.review kbd')].map(one => one.innerText).sort().join('')"
    assert viewer.tab.value(keys) == "bcmstuw"
    viewer.press("w")
    viewer.sees("It should be", ".sample")
    viewer.press("1")
    viewer.tab.wait("document.querySelector('[data-done]').dataset.done === '1'")
    viewer.press("t")
    viewer.tab.wait("document.querySelector('[data-done]').dataset.done === '2'")
    viewer.press("u")
    viewer.tab.wait("document.querySelector('[data-done]').dataset.done === '1'")
    asked = "{ findings(where: {disputed: true, review: [REJECTED, UNDECIDED, UNREVIEWED, CONTESTED]}) { edges { node {"
    asked += " review reviews { verdict presence reviewer } } } } }"
    given = [edge["node"]["reviews"] for edge in ward.data(asked)["findings"]["edges"]]
    assert sorted(given, key=len) == [[], [{"verdict": "WRONG", "presence": "PRESENT", "reviewer": "viewer-key"}]]


def test_a_second_reader_sees_no_verdict_of_the_first(person: Person, ward: Api) -> None:
    (edge,) = ward.data("{ findings(first: 1) { edges { node { id } } } }")["findings"]["edges"]
    say = 'mutation ($id: ID!) { reviewFinding(id: $id, verdict: WRONG, note: "by the first") { finding { id } } }'
    ward.data(say, Role.VIEWER, id=edge["node"]["id"])
    ward.work()
    signed_in(person, ward, Role.OPERATOR)
    person.go("/review?queue=second")
    person.sees("1 / ", ".sample")
    shown = person.text("main")
    assert not {"viewer-key", "by the first", "rejected"} & set(shown.lower().split())
    total = int(person.text(".sample header .dim").split(" / ")[1].split()[0])
    for done in range(1, total + 1):
        person.press("c")
        person.tab.wait(f"document.querySelector('[data-done]').dataset.done === '{done}'")
    person.click(".agreement summary")
    person.sees("operator-key, viewer-key", ".agreement")
    person.go("/review?queue=disputed")
    person.go("/review?queue=second")
    person.sees("The queue is empty", "main")


def test_what_was_missed_is_marked_by_keys_alone(viewer: Person, ward: Api) -> None:
    viewer.go("/review?queue=any")
    viewer.sees("Mark what was missed", ".verdicts")
    viewer.press("m")
    viewer.sees("Choose words", ".missed")
    viewer.press("c")
    assert viewer.tab.value("document.querySelector('[data-done]').dataset.done") == "0"
    viewer.press("ArrowRight", "ArrowRight", "Shift+ArrowRight")
    picked = viewer.tab.value("document.querySelector('[data-picked]').dataset.picked")
    assert len(picked.split()) == 2
    choose = (
        "(([place, value]) => {{ const at = document.querySelectorAll('.missed select')[place]; at.value = value;"
        " at.dispatchEvent(new Event('change', {{bubbles: true}})) }})([{}, {!r}])"
    )
    viewer.tab.value(choose.format(0, "UNCERTAIN"))
    viewer.tab.value(choose.format(1, "MODIFY"))
    target = viewer.tab.wait("document.querySelectorAll('.missed select')[2]?.options[1]?.value")
    viewer.tab.value(choose.format(2, target))
    viewer.tab.value("document.querySelector('.missed .concept-box input').focus()")
    viewer.paste("pleural effusion")
    viewer.tab.wait("document.querySelector('.missed [role=option][aria-selected=true]') !== null")
    viewer.press("Enter")
    viewer.click(".missed button", "Save as missed")
    viewer.sees(picked, ".missed-list")
    viewer.sees("pleural effusion describes", ".missed-list")
    viewer.click(".missed-list button", "Take back")
    viewer.tab.wait("document.querySelector('.missed-list') === null")
    viewer.press("Escape")
    viewer.tab.wait("document.querySelector('.missed') === null")


def test_a_cohort_hides_small_counts_and_shows_its_question(viewer: Person) -> None:
    viewer.go("/cohort")
    viewer.sees("suppressed", ".totals")
    viewer.click("details summary", "The question as GraphQL")
    viewer.sees("cohort(where: {finding: {}})", "pre")
    viewer.sees("MATCH (patient:Patient)", "details")
    viewer.click("button", "but not")
    viewer.tab.wait("location.search.includes('not=')")


def test_a_cohort_is_downloaded_with_all_its_conditions(viewer: Person) -> None:
    viewer.go("/cohort?any=finding%3DRID34539%26presence%3Dabsent&not=finding%3DRID5350")
    viewer.sees("CSV", ".downloads")
    keep = "window.saved = []; const make = URL.createObjectURL;"
    keep += " URL.createObjectURL = blob => { blob.text().then(text => saved.push(text)); return make.call(URL, blob) }"
    viewer.tab.value(f"(() => {{ {keep} }})()")
    for number, name in enumerate(("CSV", "FHIR Bundle", "RadGraph JSON"), start=1):
        viewer.click(".downloads button", name)
        viewer.tab.wait(f"saved.length === {number}")
    table, bundle, readings = json.loads(viewer.tab.value("JSON.stringify(saved)"))
    assert [line.split(",")[8] for line in table.splitlines()[1:]] == ["ABSENT"]
    kinds = [entry["resource"]["resourceType"] for entry in json.loads(bundle)["entry"]]
    assert kinds == ["DiagnosticReport", "Observation"]
    assert len(json.loads(readings)) == 1


def test_a_researcher_gets_neither_texts_nor_films(person: Person, ward: Api) -> None:
    signed_in(person, ward, Role.RESEARCHER)
    person.press("j", "k", "Enter")
    person.tab.wait("document.querySelectorAll('.graph .node').length > 1")
    shown = person.text("main")
    assert "Your role does not see report texts" in shown
    assert "Small left pleural" not in shown


def test_an_error_of_the_api_is_told_and_can_be_tried_again(viewer: Person) -> None:
    viewer.go("/patients/nobody")
    viewer.sees("Nothing found", "main")
    viewer.tab.call(
        "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
    )
    viewer.go("/cohort")
    viewer.sees("The server does not answer", ".failure")
    viewer.tab.call(
        "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1
    )
    viewer.click("button", "Try again")
    viewer.sees("suppressed", ".totals")


@pytest.mark.skipif(not GRAPHIQL.is_dir(), reason="GraphiQL's files are not set up: make setup")
def test_graphiql_opens_signed_in_and_the_page_keeps_no_key(viewer: Person, ward: Api) -> None:
    viewer.click("button", "GraphiQL")
    with viewer.tab.opened("/graphql") as explorer:
        explorer.wait("document.querySelector('.graphiql-editor .view-lines')?.innerText.includes('LeftEffusions')")
        explorer.value("document.querySelector('.graphiql-execute-button').click()")
        explorer.wait(f"/errors|totalCount/.test({ANSWER})")
        assert "UNAUTHENTICATED" not in explorer.value(ANSWER)
        assert "totalCount" in explorer.value(ANSWER)
        assert ward.keys[Role.VIEWER] not in explorer.value("location.href")
    assert viewer.tab.value("localStorage.length + sessionStorage.length") == 0


def test_a_revoked_key_ends_the_session(person: Person, ward: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.callers.REMEMBERED_S", 0.0)
    key = api_keys.create(ward.ledger, "leaving", Role.VIEWER)
    person.visit("/studies")
    person.sign_in(key)
    person.sees("4 studies", "[role=status]")
    api_keys.revoke(ward.ledger, "leaving")
    person.go("/cohort")
    person.sees("Your session has ended", ".sign-in")


def test_german(viewer: Person) -> None:
    viewer.tab.value(
        "(e => { e.value = 'de'; e.dispatchEvent(new Event('change', {bubbles: true})) })"
        "(document.querySelector('.self select'))"
    )
    viewer.sees("Studien", "h1")
    viewer.sees("verneint", ".chips")
    assert viewer.tab.value("document.documentElement.lang") == "de"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(person: Person, ward: Api, axe: str, scheme: str) -> None:
    signed_in(person, ward, Role.ADMIN)
    person.look(scheme)
    person.tab.value(f"{axe}; 0")
    key = study_key(ward)
    patient = ward.data("{ patients(first: 1) { edges { node { patientId } } } }")["patients"]["edges"][0]["node"][
        "patientId"
    ]
    for path in ("/studies", f"/studies/{key}", f"/patients/{patient}", "/review?queue=any", "/cohort", "/feed"):
        person.go(path)
        person.tab.wait("document.querySelector('main h1') && !document.querySelector('main .busy')")
        if path == "/feed":
            person.click("table.rows th button")
            person.click("button", "Show message")
            person.tab.wait("document.querySelector('.message-parts tr') !== null")
        person.tab.value(
            "window.found = null; axe.run().then(result => { window.found = JSON.stringify(result.violations) }); 0"
        )
        violations = json.loads(person.tab.wait("window.found"))
        serious = [
            (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"][:300])
            for one in violations
            if one["impact"] in {"serious", "critical"}
        ]
        assert serious == [], path
