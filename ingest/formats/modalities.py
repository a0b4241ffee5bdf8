"""Modalities: by code, and by words in the exam's name."""

import re

from ingest.formats.code_sets import code_set

MODALITIES = code_set("CR DX CT MR US NM PT MG XA RF RG IO PX OP ES SC OT BMD IVUS XR")
"""DICOM defined terms (PS3.3 C.7.3.1.1.1) that occur in feeds, and the XR of information systems for any film."""

_BY_WORDS = (
    ("PT", re.compile(r"\bPET\b|PETCT|PTMR|PETMR")),
    ("MG", re.compile(r"\bMAMM\w*|\bTOMOSYNTHESIS\b")),
    ("NM", re.compile(r"\bNM\b|\bSPECT\b|\bSCINTIGRAPHY\b|\bNUCLEAR\b|\bBONE SCAN\b")),
    ("MR", re.compile(r"\bMR[AI]?\b|\bMAGNETIC RESONANCE\b")),
    ("CT", re.compile(r"\bCTA?\b|\bCOMPUTED TOMOGRAPHY\b")),
    ("US", re.compile(r"\bUS\b|\bULTRASO\w+|\bSONOGRA\w+|\bDOPPLER\b")),
    ("XA", re.compile(r"\bIR\b|\bANGIO\w*")),
    ("RF", re.compile(r"\bFLUORO\w*|\bBARIUM\b|\bESOPHAGRAM\b")),
    ("XR", re.compile(r"\bXR\b|\bX-?RAYS?\b|\bCXR\b|\bRADIOGRAPH\w*|(?:\b|[0-9])VIEWS?\b")),
)


def modality_of_words(words: str) -> str | None:
    """The modality in an exam's name; None if it has none."""
    upper = words.upper()
    return next((code for code, pattern in _BY_WORDS if pattern.search(upper)), None)
