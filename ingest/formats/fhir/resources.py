"""The parts of FHIR R4 resources that are read.

Only these fields are validated; what else a resource holds is not looked at. `fhir.resources` has R5, R4B and STU3 but
no R4, and validates fields that nobody reads here: it refuses a report for a field of the sender's own
(docs/decisions/0031-fhir-r4-by-small-models.md).
"""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast, Field
from pydantic.alias_generators import to_camel

LONGEST = 2000
"""Elements of one list. Of results and coded conclusions 1,000 are read, of forms 50."""

T = TypeVar("T")
Many = Annotated[tuple[T, ...], FailFast(), Field(max_length=LONGEST)]
"""A list. Reading it ends with the first element that is not as the standard has it."""


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
        """The codes, upper case, whatever their systems."""
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
    """What stands beside a primitive value, under its name with `_` (2.6.2)."""

    extension: Many[dict[str, Any]] = ()


class DiagnosticReport(_Element):
    """10.3 DiagnosticReport."""

    id: str = ""
    meta: Meta = Meta()
    text: Narrative = Narrative()
    # Not validated, and so not copied: each is known by its place in memory (fhir_library.Library.used).
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
