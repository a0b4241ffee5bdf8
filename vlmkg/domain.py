"""Decide whether a study is a chest radiograph. Other studies are read, too, and marked as out of domain."""

import re

_RADIOGRAPHY = frozenset({"CR", "DX", "DR", "XR", "RG", "RX", "PX"})
_UNTOLD = frozenset({"", "OT", "SC", "SR", "DOC", "UNKNOWN"})
_OTHER_METHOD = re.compile(
    r"\b(?:ct|cta|cat|hrct|computed|mr|mri|mra|magnetic|us|ultrasound|sonograph\w*|echo\w*|doppler|pet\w*|pt|spect|nm|"
    r"nuclear|mpi|scintigra\w*|mamm\w*|dexa|fluoroscop\w*|angio\w*|catheter|ir|intervention\w*|biopsy)\b",
    re.IGNORECASE,
)
_OTHER_PART = re.compile(
    r"\b(?:spine|spinal|skull|brain|head|neck|cervical|lumbar|abdom\w*|abd|kub|pelvi\w*|hip|femur|knee|ankle|foot|toe|shoulder|"
    r"humerus|elbow|forearm|wrist|hand|finger|breast|sinus\w*|orbit\w*|facial|extremity|cardiac)\b",
    re.IGNORECASE,
)
_CHEST = re.compile(r"\b(?:chest|thorax|lungs?|cxr|ribs?|pulmonary|babygram)\b", re.IGNORECASE)
_CHEST_WORDS = re.compile(
    r"\b(?:lungs?|pleural|pneumothora\w+|mediastin\w+|cardiomediastin\w+|cardiopulmonary|cardiomegaly|hil\w+|"
    r"costophrenic|airspace|hemidiaphragms?|consolidations?|infiltrates?|pulmonary|heart)\b",
    re.IGNORECASE,
)
_HEADING_LENGTH = 300
_LONGEST_LOOK = 20_000


def is_chest_radiograph(modality: str | None, body_part: str | None, procedure: str | None, text: str) -> bool:
    """Whether the study is a radiograph of the chest.

    `modality` is a DICOM code (CR, DX, CT ...); `body_part` and `procedure` are the sender's texts; `text` is the
    report. The procedure takes precedence over the body part, and both over the text.
    """
    code = (modality or "").strip().upper()
    if code not in _UNTOLD and code not in _RADIOGRAPHY:
        return False
    for words in (procedure, body_part):
        said = _judge(words or "")
        if said is not None:
            return said
    if _OTHER_METHOD.search(text, 0, _HEADING_LENGTH) and code not in _RADIOGRAPHY:
        return False
    return bool(_CHEST_WORDS.search(text, 0, _LONGEST_LOOK))


def _judge(words: str) -> bool | None:
    """True or False if the words name an exam; None otherwise."""
    if _OTHER_METHOD.search(words):
        return False
    if _CHEST.search(words):
        return True
    return False if _OTHER_PART.search(words) else None
