"""A person at Neo4j Browser."""

from tests.page.driving import Person

ARROWS = "document.querySelectorAll('pre.runnable > i')"
"""The arrows of the guide, each of which runs a query."""


def log_in(person: Person, username: str, password: str) -> None:
    """Open Browser, log in, and wait for the guide."""
    person.tab.open(person.address)
    for field, words in (("username", username), ("password", password)):
        person.tab.wait(f"document.querySelector('[data-testid={field}]') !== null")
        person.tab.value(f"document.querySelector('[data-testid={field}]').focus()")
        person.paste(words)
    person.press("Enter")
    person.tab.wait(f"{ARROWS}.length > 0")
