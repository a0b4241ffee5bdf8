"""The feed in a real Chromium: live counts, a refused message and the reason in it, replay, roles."""

import pytest

from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api
from tests.page.conftest import signed_in
from tests.page.driving import Person
from tests.page.test_page import ROW

pytestmark = pytest.mark.long


def test_an_admin_sees_why_a_message_was_refused(person: Person, ward: Api) -> None:
    signed_in(person, ward, Role.ADMIN)
    person.go("/feed?state=refused")
    person.tab.wait(f"{ROW} === 1")
    person.click("table.rows th button")
    person.click("button", "Show message")
    person.sees("Refused because of: syntax", ".problem-words")
    assert person.text(".message-parts pre mark.problem") == "this is no FHIR"
    assert person.text(".message-parts tr.problem").split("\t")[0].strip() == "⚠ syntax"
    box = "getBoundingClientRect()"
    region = "document.querySelector('.message-parts [role=region]')"
    assert person.tab.value(f"{region}.querySelector('thead').{box}.top - {region}.{box}.top") < 2
    person.tab.value("document.querySelector('.message-parts tr.problem button').focus()")
    person.tab.wait("document.querySelector('.message-parts pre mark.lit')?.innerText === 'this is no FHIR'")


def test_an_operator_sees_the_feed_and_a_viewer_does_not(person: Person, ward: Api) -> None:
    signed_in(person, ward, Role.VIEWER)
    assert "Feed" not in person.text("nav")
    person.go("/feed")
    person.sees("This page is for operators", "main")
    signed_in(person, ward, Role.OPERATOR)
    person.click("nav a", "Feed")
    person.sees("1 refused", ".states")
    person.sees("Live", ".live")
    before = person.tab.wait(ROW)
    ward.submit("live", "FINDINGS: Small effusion.", "carl")
    person.sees("1 received", ".states")
    person.tab.wait(f"{ROW} === {before + 1}")
    assert person.tab.value("document.querySelector('.states .dead')") is None
    routine = "[...document.querySelectorAll('.rows .badge')].find(one => one.innerText === 'image_comments_left_out')"
    assert person.tab.wait(f"{routine}?.className") == "badge"
    person.click(".states a", "refused")
    person.tab.wait(f"{ROW} === 1")
    person.click("table.rows th button")
    person.click("button", "Show message")
    person.sees("this is no FHIR", ".event-details pre")
    assert person.tab.value("document.querySelector('.message-parts')") is None, "the parts are for admins"
    person.click("button", "Replay")
    person.sees("Refused again", ".event-details [role=status]")
