"""Reports made of parts whose place in the report is known, for tests of what is read and what is set aside."""

from typing import NamedTuple

from vlmkg.report_parts import Part

NAMES = {
    Part.FINDINGS: (
        *(
            "Findings",
            "Report",
            "Observations",
            "Description",
            "Comments",
            "Result",
            "Results",
            "Interpretation",
            "Rpt",
        ),
        *("Report text", "Answer", "Findings & impression", "Chest findings", "X-ray findings", "Radiology report"),
    ),
    Part.IMPRESSION: (
        *("Impression", "Conclusion", "Opinion", "Summary", "Concl.", "Impressions", "Assessment", "Diagnosis"),
        *("Final impression", "Radiological opinion", "Impression and recommendation"),
    ),
    Part.INDICATION: (
        *("Indication", "Clinical details", "Reason for exam", "Reason for the study", "Clinical question", "Reason"),
        *("Clinical information", "Clinical Indication", "Chief complaint", "Request", "Indications for exam"),
    ),
    Part.HISTORY: ("History", "Clinical history", "Hx", "Clinical Hx", "Background", "Past medical history", "PMH"),
    Part.COMPARISON: ("Comparison", "Prior studies", "Previous imaging", "Compared with", "Comparisons", "Prior exams"),
    Part.TECHNIQUE: ("Technique", "Views", "Protocol", "Technical factors"),
    Part.EXAM: ("Exam", "Examination", "Study", "Exam type", "Procedure name"),
}
ASIDE = {
    Part.INDICATION: (
        "Cough",
        "Shortness of breath, pneumonia?",
        "Evaluate for effusion",
        "?PE",
        "Fever and cough",
        "Trauma",
    ),
    Part.HISTORY: ("COPD", "Known lung cancer", "Smoker, cough for 3 weeks", "Pneumonia in May", "s/p fall"),
    Part.COMPARISON: ("None", "CT chest of 3 May 2021", "Chest radiograph 2 days ago", "Prior film from January"),
    Part.TECHNIQUE: ("AP portable", "PA and lateral views of the chest", "Two views"),
    Part.EXAM: ("CXR", "XR CHEST 2 VIEWS", "Chest PA and lateral", "Portable chest radiograph"),
}
"""What stands under headings that are not read."""
STATEMENTS = (
    *("The heart is normal.", "Small left effusion.", "No pneumothorax.", "Left lower lobe consolidation, new."),
    *("There is a right rib fracture.", "Lungs are clear.", "Mild cardiomegaly.", "The lungs are hyperinflated."),
    *("No focal consolidation.", "Stable granuloma in the right upper lobe.", "Bibasilar atelectasis."),
    *("ETT tip 3 cm above the carina.", "Heart size is normal.", "Trace bilateral pleural effusions.", "Lungs: clear."),
    *("Mediastinum is unremarkable.", "There is no effusion.", "Moderate right pneumothorax."),
)
"""What the films show, in words that no question has."""


class Written(NamedTuple):
    """How a heading is written: what stands before its name, after it, and between it and its text."""

    before: str
    after: str
    gap: str


DRESSES = {
    "colon": Written("", ":", " "),
    "colon below": Written("", ":", "\n"),
    "dash": Written("", " -", " "),
    "double dash": Written("", " --", " "),
    "arrow": Written("", " -->", " "),
    "tab": Written("", "", "\t"),
    "colon and tab": Written("", ":", "\t"),
    "bold": Written("**", ":**", " "),
    "bold below": Written("**", "**", "\n"),
    "Markdown": Written("## ", "", "\n"),
    "brackets": Written("[", "]", " "),
    "number": Written("1. ", ":", " "),
    "bullet": Written("- ", ":", " "),
    "space before the colon": Written("", " :", " "),
    "colon and dash": Written("", ":-", " "),
}


def heading(name: str, dress: str, text: str) -> str:
    """A heading with its text, without a line break at the end."""
    written = DRESSES[dress]
    return f"{written.before}{name}{written.after}{written.gap}{text}"
