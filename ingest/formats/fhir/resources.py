"""The parts of FHIR R4 resources that are read, and how references between resources of one message are followed.

Only these fields are validated; what else a resource holds is not looked at. `fhir.resources` has R5, R4B and STU3 but
no R4, and validates fields that nobody reads here: it refuses a report for a field of the sender's own
(docs/decisions/0031-fhir-r4-by-small-models.md).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class _Element(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class Coding(_Element):
    """2.24.0.5 Coding."""

    system: str = ""
    code: str = ""
    display: str = ""


class CodeableConcept(_Element):
    """2.24.0.6 CodeableConcept."""

    coding: tuple[Coding, ...] = ()
    text: str = ""

    @property
    def codes(self) -> set[str]:
        """The codes, upper case, whatever their systems."""
        return {coding.code.upper() for coding in self.coding}

    @property
    def words(self) -> str:
        """The concept in words: its text, else the first display, else the first code."""
        return self.text or next((each for coding in self.coding if (each := coding.display or coding.code)), "")


class Identifier(_Element):
    """2.24.0.8 Identifier."""

    use: str = ""
    type: CodeableConcept = CodeableConcept()
    system: str = ""
    value: str = ""


class Reference(_Element):
    """2.3.0 Reference: literal, or logical by an identifier."""

    reference: str = ""
    identifier: Identifier = Identifier()


class Period(_Element):
    """2.24.0.12 Period."""

    start: str = ""


class Attachment(_Element):
    """2.24.0.3 Attachment."""

    content_type: str = ""
    data: str = ""


class Narrative(_Element):
    """2.4.0 Narrative."""

    status: str = ""
    div: str = ""


class Meta(_Element):
    """2.25.0 Meta."""

    last_updated: str = ""


class DiagnosticReport(_Element):
    """10.3 DiagnosticReport."""

    id: str = ""
    meta: Meta = Meta()
    text: Narrative = Narrative()
    contained: tuple[dict[str, Any], ...] = ()
    identifier: tuple[Identifier, ...] = ()
    based_on: tuple[Reference, ...] = ()
    status: str
    category: tuple[CodeableConcept, ...] = ()
    code: CodeableConcept = CodeableConcept()
    subject: Reference = Reference()
    effective_date_time: str = ""
    effective_period: Period = Period()
    issued: str = ""
    result: tuple[Reference, ...] = ()
    imaging_study: tuple[Reference, ...] = ()
    conclusion: str = ""
    presented_form: tuple[Attachment, ...] = ()


class Series(_Element):
    """10.5 ImagingStudy.series."""

    modality: Coding = Coding()
    body_site: Coding = Coding()


class ImagingStudy(_Element):
    """10.5 ImagingStudy."""

    identifier: tuple[Identifier, ...] = ()
    modality: tuple[Coding, ...] = ()
    subject: Reference = Reference()
    started: str = ""
    based_on: tuple[Reference, ...] = ()
    procedure_code: tuple[CodeableConcept, ...] = ()
    description: str = ""
    series: tuple[Series, ...] = ()


class ServiceRequest(_Element):
    """12.3 ServiceRequest."""

    identifier: tuple[Identifier, ...] = ()


class Patient(_Element):
    """8.1 Patient."""

    id: str = ""
    identifier: tuple[Identifier, ...] = ()
    gender: str = ""
    birth_date: str = ""


_Resource = TypeVar("_Resource", ImagingStudy, ServiceRequest, Patient)


@dataclass(frozen=True, slots=True)
class Library:
    """The resources of one message by every name that a reference may use: full URL, `Type/id`."""

    by_name: dict[str, dict[str, Any]]

    def find(
        self, kind: type[_Resource], references: Iterable[Reference], contained: tuple[dict[str, Any], ...]
    ) -> Iterator[_Resource]:
        """The resources of one kind that these references lead to, in the message or in `contained`.

        Raises pydantic's ValidationError for one that is not as the standard has it.
        """
        local = {f"#{resource.get('id')}": resource for resource in contained}
        for reference in references:
            resource = local.get(reference.reference) or self.by_name.get(reference.reference.partition("/_history")[0])
            if resource and resource.get("resourceType") == kind.__name__:
                yield kind.model_validate(resource)


def library(entries: Iterable[tuple[str, dict[str, Any]]]) -> Library:
    """Name the resources of (full URL, resource) pairs; of two under one name the first counts."""
    by_name: dict[str, dict[str, Any]] = {}
    for url, resource in entries:
        for name in (url, f"{resource.get('resourceType')}/{resource.get('id')}"):
            if name:
                by_name.setdefault(name, resource)
    return Library(by_name)
