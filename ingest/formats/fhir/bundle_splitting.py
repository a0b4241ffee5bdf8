"""Splits a Bundle: each report or study becomes a separate message with the resources that it refers to.

A report is stored with the entries that it refers to, such as its Patient. Without them it would belong to another
patient.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

REPORT, STUDY = "DiagnosticReport", "ImagingStudy"
TAKEN = frozenset({REPORT, STUDY})
"""Resources that become messages of their own."""


@dataclass(frozen=True, slots=True)
class Company:
    """The entries of a Bundle, the fields of every message made of them, and the entries that each refers to."""

    entries: Sequence[Any]
    said: Mapping[str, Any]
    referred: Sequence[frozenset[int]]

    def of(self, number: int) -> set[int]:
        """The other entries that an entry refers to, directly or indirectly."""
        found, todo = set[int](), [number]
        while todo:
            new = self.referred[todo.pop()] - found
            found |= new
            todo += new
        return found - {number}

    def message(self, number: int) -> bytes:
        """The bytes of an entry with those that it refers to. The same entries give the same bytes."""
        kept = [self.entries[one] for one in (number, *sorted(self.of(number)))]
        plain = [{name: entry[name] for name in ("fullUrl", "resource", "request") if name in entry} for entry in kept]
        return json.dumps({"resourceType": "Bundle", "type": "collection", **self.said, "entry": plain}).encode()


def company(entries: Sequence[Any], said: Mapping[str, Any]) -> Company:
    """Resolve the references among entries. References to reports are ignored: each report is a message of its own."""
    places = {name: place for place, entry in enumerate(entries) if kind_of(entry) != REPORT for name in _names(entry)}
    referred = [
        frozenset(places[name] for name in _references(entry["resource"]) if name in places)
        if kind_of(entry)
        else frozenset[int]()
        for entry in entries
    ]
    return Company(entries, said, referred)


def kind_of(entry: Any) -> str:
    """The type of an entry's resource; empty if it has none."""
    resource = entry.get("resource") if isinstance(entry, dict) else None
    return str(resource.get("resourceType")) if isinstance(resource, dict) else ""


def _names(entry: Any) -> Iterator[str]:
    """The names by which references mean an entry: its full URL, and its type and id."""
    if not kind_of(entry):
        return
    for name in (entry.get("fullUrl"), f"{kind_of(entry)}/{entry['resource'].get('id')}"):
        if isinstance(name, str):
            yield name


def _references(value: Any) -> Iterator[str]:
    """All literal references in a resource, without their versions, and the addresses of attachments."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            for name in ("reference", "url"):
                if isinstance(reference := one.get(name), str):
                    yield reference.partition("/_history")[0]
            todo += one.values()
        elif isinstance(one, list):
            todo += one
