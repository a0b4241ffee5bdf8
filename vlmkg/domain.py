"""Decide whether a study is a chest radiograph. Other studies are read, too, and marked as out of domain."""

import re
from functools import lru_cache

_RADIOGRAPHY = frozenset({"CR", "DX", "DR", "XR", "RG", "RX", "PX"})
_OTHER_MODALITIES = frozenset({"MR", "US", "NM", "MG", "BMD", "IO", "OP", "OPT", "ECG"})
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
_FURTHER_PART = re.compile(
    r"\b(?:thoracic spine|t[ -]?spine|c[ -]?spine|l[ -]?spine|sacr\w+|coccyx|cranial|cerebral|temporal bones?|"
    r"mastoids?|pituitary|thyroid|parathyroids?|soft tissues?|back|buttocks?|scalp|popliteal|perineum|bone scan|"
    r"bone survey|bone age|bone densit\w+|dexa|larynx|carotids?|mandible|maxilla|jaw|tmj|opg|"
    r"liver|hepatic|gallbladder|biliary|pancreas|spleen|kidneys?|renal|adrenals?|ureters?|urinary|bladder|urogram|bowel|"
    r"colon|appendix|rectum|stomach|esophagram|axr|peritoneum|retroperitoneum|mesentery|prostate|scrotum|scrotal|test[ei]s|"
    r"testicular|uterus|ovar(?:y|ies)|transvaginal|obstetric\w*|fetal|fetus|groin|inguinal|breasts?|mamm\w+|tomosynthesis|"
    r"arms?|legs?|calf|thigh|extremities|fingers?|thumb|wrists?|hands?|elbows?|ankles?|feet|heels?|calcaneus|toes|knees?|"
    r"hips?|femurs?|tibia|fibula|patella|radius|ulna|scaphoid|clavicles?|scapula|shoulders?|meniscus|menisci|skeletal|echo|"
    r"echocardiogra\w+|tte|tee|heart|coronary|dvt|ruq|a/p)\b",
    re.IGNORECASE,
)
_CHEST_EXAM = re.compile(
    r"\b(?:lower chest|lung bases?|pleura\w*|mediastin\w+|ctpa|hrct|cap"
    r"|thora(?:co\w+|centesis)|thoracic(?! spine| vert\w+))\b",
    re.IGNORECASE,
)
_NEVER_PLAIN = re.compile(
    r"\b(?:mri?|mra|magnetic|us|usg|ultrasound|sonogra\w+|doppler|duplex|mamm\w+|myelogra\w+|arthrogra\w+|scintigra\w+|nm)\b",
    re.IGNORECASE,
)
"""Methods by which the chest is shown only where the title says so."""
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


@lru_cache(maxsize=4096)
def names_region(words: str) -> bool | None:
    """True where these words of a title or heading name the chest, False for other parts alone, None for no part."""
    if not words:
        return None
    if _CHEST.search(words) or _CHEST_EXAM.search(words):
        return True
    return False if names_other_part(words) else None


def is_never_plain(words: str) -> bool:
    """Whether a title's method shows the chest only where the title says so: MR, ultrasound, mammography."""
    return bool(_NEVER_PLAIN.search(words))


def names_other_part(words: str) -> bool:
    """Whether these words of a title or heading name a part that is not the chest."""
    return bool(_OTHER_PART.search(words) or _FURTHER_PART.search(words))


def sender_names_chest(modality: str | None, body_part: str | None, procedure: str | None) -> bool | None:
    """As `names_region`, of the sender's words: the procedure is believed before the body part."""
    for words in (procedure, body_part):
        named = names_region(words or "")
        if named is not None:
            return named
    if (modality or "").strip().upper() in _OTHER_MODALITIES:
        return False
    return False if _NEVER_PLAIN.search(procedure or "") else None


def _judge(words: str) -> bool | None:
    """True or False if the words name an exam; None otherwise."""
    if _OTHER_METHOD.search(words):
        return False
    if _CHEST.search(words):
        return True
    return False if _OTHER_PART.search(words) else None
