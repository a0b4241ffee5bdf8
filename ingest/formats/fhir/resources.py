"""The parts of FHIR R4 resources that are read.

Only these fields are validated; others are ignored. `fhir.resources` has R5, R4B and STU3 but no R4, and validates all
fields: it refuses a report because of a field that the sender added (docs/decisions/0031-fhir-r4-by-small-models.md).
"""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast, Field
from pydantic.alias_generators import to_camel

LONGEST = 2000
"""The maximum length of a list. 1,000 results and coded conclusions are read, and 50 forms."""

T = TypeVar("T")
Many = Annotated[tuple[T, ...], FailFast(), Field(max_length=LONGEST)]
"""A list. Validation stops at the first invalid element."""


class _Element(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class Coding(_Element):
    """2.24.0.5 Coding."""

    system: str = ""
    code: str = ""
    display: str = ""


class CodeableConcept(_Element):
    """2.24.0.6 CodeableConcept."""

    coding: Many[Coding] = ()
    text: str = ""

    @property
    def codes(self) -> set[str]:
        """The codes of all systems, in upper case."""
        return {coding.code.upper() for coding in self.coding}

    @property
    def words(self) -> str:
        """The concept in words: its text, else the first display, else the first code."""
        return self.text or next((each for coding in self.coding if (each := coding.display or coding.code)), "")

    @property
    def name(self) -> str:
        """The concept in words, never by a code: its text, else the first display."""
        return self.text or next((coding.display for coding in self.coding if coding.display), "")


class Period(_Element):
    """2.24.0.12 Period."""

    start: str = ""
    end: str = ""


class Identifier(_Element):
    """2.24.0.8 Identifier."""

    use: str = ""
    type: CodeableConcept = CodeableConcept()
    system: str = ""
    value: str = ""
    period: Period = Period()


class Reference(_Element):
    """2.3.0 Reference: literal, or logical by an identifier."""

    reference: str = ""
    type: str = ""
    identifier: Identifier = Identifier()


class Attachment(_Element):
    """2.24.0.3 Attachment."""

    content_type: str = ""
    language: str = ""
    data: str = ""
    url: str = ""


class Narrative(_Element):
    """2.4.0 Narrative."""

    status: str = ""
    div: str = ""


class Meta(_Element):
    """2.25.0 Meta."""

    last_updated: str = ""
    version_id: str | int = ""


class Media(_Element):
    """10.3 DiagnosticReport.media."""

    comment: str = ""


class Primitive(_Element):
    """The extension of a primitive value, under its name with `_` (2.6.2)."""

    extension: Many[dict[str, Any]] = ()


class DiagnosticReport(_Element):
    """10.3 DiagnosticReport."""

    id: str = ""
    meta: Meta = Meta()
    text: Narrative = Narrative()
    # Not validated, and so not copied: each is identified by `id()` (fhir_library.Library.used).
    contained: Many[Any] = ()
    extension: Many[dict[str, Any]] = ()
    identifier: Many[Identifier] = ()
    based_on: Many[Reference] = ()
    status: str
    category: Many[CodeableConcept] = ()
    code: CodeableConcept = CodeableConcept()
    subject: Reference = Reference()
    effective_date_time: str = ""
    effective_period: Period = Period()
    issued: str = ""
    result: Many[Reference] = ()
    imaging_study: Many[Reference] = ()
    media: Many[Media] = ()
    conclusion: str = ""
    beside_conclusion: Primitive = Field(default=Primitive(), alias="_conclusion")
    conclusion_code: Many[CodeableConcept] = ()
    presented_form: Many[Attachment] = ()


class Annotation(_Element):
    """2.24.0.15 Annotation."""

    text: str = ""


class Observation(_Element):
    """10.1 Observation."""

    status: str = ""
    code: CodeableConcept = CodeableConcept()
    value_string: str = ""
    note: Many[Annotation] = ()
    has_member: Many[Reference] = ()


class Binary(_Element):
    """2.32 Binary."""

    content_type: str = ""
    data: str = ""


class Series(_Element):
    """10.5 ImagingStudy.series."""

    modality: Coding = Coding()
    body_site: Coding = Coding()


class ImagingStudy(_Element):
    """10.5 ImagingStudy."""

    meta: Meta = Meta()
    status: str = ""
    identifier: Many[Identifier] = ()
    modality: Many[Coding] = ()
    subject: Reference = Reference()
    started: str = ""
    based_on: Many[Reference] = ()
    procedure_code: Many[CodeableConcept] = ()
    description: str = ""
    series: Many[Series] = ()
    note: Many[Annotation] = ()


class ServiceRequest(_Element):
    """12.3 ServiceRequest."""

    identifier: Many[Identifier] = ()


class Patient(_Element):
    """8.1 Patient."""

    id: str = ""
    identifier: Many[Identifier] = ()
    gender: str = ""
    link: Many[Any] = ()
    birth_date: str = ""
