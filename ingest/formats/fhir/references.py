"""The resources of one message by name, and resolution of references between them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.fhir.resources import (
    Binary,
    Identifier,
    ImagingStudy,
    Observation,
    Patient,
    Reference,
    ServiceRequest,
)

_Resource = TypeVar("_Resource", Binary, ImagingStudy, Observation, Patient, ServiceRequest)


@dataclass(frozen=True, slots=True)
class Library:
    """The resources of one message by every name that a reference may use: full URL and `Type/id`.

    `resources` are all of them in message order, `patients` the Patients by system and value. `used` are those that a
    reference has led to, `local` the contained ones of each report by name; both are keyed by `id()`.
    """

    by_name: dict[str, dict[str, Any]]
    resources: tuple[dict[str, Any], ...]
    patients: dict[tuple[str, str], dict[str, Any]]
    used: set[int] = field(default_factory=set)
    local: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def find(
        self, kind: type[_Resource], references: Iterable[Reference], contained: tuple[Any, ...] = ()
    ) -> Iterator[_Resource]:
        """The resources of one kind that these references mean, in the message or in `contained`.

        Raises pydantic's ValidationError for a resource that violates the standard.
        """
        local = self.local.get(id(contained))
        if local is None:
            local = {f"#{resource.get('id')}": resource for resource in contained if isinstance(resource, dict)}
            self.local[id(contained)] = local
        for reference in references:
            resource = local.get(reference.reference) or self._named(reference.reference)
            if resource and resource.get("resourceType") == kind.__name__:
                self.used.add(id(resource))
                yield kind.model_validate(resource)

    def patient_of(self, subject: Reference, contained: tuple[Any, ...] = ()) -> Patient | None:
        """The Patient that a reference means, directly or by its identifier."""
        if found := next(self.find(Patient, (subject,), contained), None):
            return found
        wanted = asked_for(subject)
        resource = self.patients.get((wanted.system, wanted.value)) if wanted else None
        return Patient.model_validate(resource) if resource else None

    def _named(self, reference: str) -> dict[str, Any] | None:
        return self.by_name.get(reference.partition("/_history")[0])


def library(named: Sequence[tuple[Iterable[str], dict[str, Any]]]) -> Library:
    """The library of (names, resource) pairs; the first resource of a name counts."""
    by_name: dict[str, dict[str, Any]] = {}
    for names, resource in named:
        for name in names:
            by_name.setdefault(name, resource)
    resources = tuple(resource for _, resource in named)
    patients: dict[tuple[str, str], dict[str, Any]] = {}
    for resource in resources:
        if resource.get("resourceType") == "Patient":
            for identifier in _identifiers(resource):
                patients.setdefault(identifier, resource)
    return Library(by_name, resources, patients)


def _identifiers(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """System and value of a resource's identifiers that are strings."""
    given = resource.get("identifier")
    for each in given if isinstance(given, list) else ():
        if not isinstance(each, dict):
            continue
        system, value = each.get("system", ""), each.get("value")
        if isinstance(system, str) and isinstance(value, str):
            yield system, value


def asked_for(reference: Reference) -> Identifier | None:
    """The identifier in a conditional reference (`Patient?identifier=system|value`).

    None for a reference of another kind. Refuses (`unreadable`) a condition on anything else.
    """
    _, mark, condition = reference.reference.partition("?")
    if not mark:
        return None
    if found := condition_identifier(condition):
        return found
    raise MessageRefusedError(Reason.UNREADABLE, "a conditional reference must use an identifier")


def condition_identifier(condition: str) -> Identifier | None:
    """The identifier of a condition `identifier=system|value` (FHIR R4 3.1.0.8.1); None for another condition."""
    address, mark, query = condition.partition("?")
    # HAPI sends the whole URL, others put the type or a question mark before it.
    pairs = parse_qsl(query if mark and "=" not in address else condition, keep_blank_values=True)
    if len(pairs) != 1 or pairs[0][0] != "identifier":
        return None
    system, _, value = pairs[0][1].rpartition("|")
    return Identifier(system=system, value=value) if value.strip() else None
