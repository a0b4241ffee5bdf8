"""However a report is written as a structured report, the same study comes out."""

from dataclasses import replace
from itertools import groupby

import pytest

from ingest.messages import ParsedMessage, StudyFacts
from tests.ingest.formats.dicom.test_parser import read
from tests.ingest.formats.dicom_variants import COMPARISON, FINDINGS, HISTORY, IMPRESSION, ReportModel, variants
from vlmkg.reading.sections import find_sections

SEEDS = 20

_FINDINGS = (
    ("The lungs are clear.", "There is no pleural effusion."),
    ("Small left pleural effusion.", "The heart is enlarged.", "No pneumothorax is seen."),
    ("A nodule of 2 cm lies in the right upper lobe.", "Größe und Lage wie zuvor, naïve Übersetzung."),
    ("Both hemidiaphragms are sharp.", "The aorta is tortuous.", "There is a pacemaker.", "No fracture is seen."),
    ("There is consolidation in the left lower lobe.",),
)
_ENDS = (
    ((IMPRESSION, ("No acute disease is present.",)),),
    ((IMPRESSION, ("Findings are consistent with pneumonia.", "A follow-up film is advised.")),),
    (),
    ((COMPARISON, ("A large effusion was seen in May.",)), (IMPRESSION, ("The effusion is smaller now.",))),
)
REPORTS = [
    ReportModel(
        number,
        (
            *(((HISTORY, ("Cough and fever for a week.",)),) if number % 3 == 0 else ()),
            (FINDINGS, _FINDINGS[number % len(_FINDINGS)]),
            *_ENDS[number % len(_ENDS)],
        ),
        status="P" if number % 7 == 6 else "F",
    )
    for number in range(20)
]


def said(message: ParsedMessage) -> tuple[StudyFacts, list[tuple[str, str]]]:
    """The study, and the words of its report that are read, by section; white space does not count."""
    (study,) = message.studies
    (found,) = study.reports
    parts = [(part.name, found.text[part.start : part.end]) for part in find_sections(found.text)]
    kinds = {"conclusion": "impression", "conclusions": "impression", "impressions": "impression"}
    named = [(kinds.get(name, name), words) for name, words in parts]
    joined = [
        (name, " ".join(" ".join(words for _, words in group).split()))
        for name, group in groupby(named, lambda p: p[0])
    ]
    return replace(study, reports=(replace(found, text=""),)), joined


@pytest.mark.parametrize("model", REPORTS, ids=lambda model: str(model.number))
def test_all_variants_of_a_report_say_the_same(model: ReportModel):
    expected = [(name, " ".join(sentences)) for name, sentences in model.sections if name not in {HISTORY, COMPARISON}]
    studies = set()
    for seed in range(SEEDS):
        message = read(variants(model, seed))
        study, words = said(message)
        assert words == expected, seed
        assert message.warnings == (), seed
        studies.add(study)
    assert len(studies) == 1


def test_variants_differ_in_their_bytes_and_are_the_same_for_a_seed():
    assert len({variants(REPORTS[0], seed) for seed in range(10)}) == 10
    assert variants(REPORTS[0], 7) == variants(REPORTS[0], 7)
