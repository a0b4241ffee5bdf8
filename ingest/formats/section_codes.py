"""Codes of the sections of a radiology report, and the headings that the section reader knows them by."""

SECTION_CODES = {
    "59776-5": "FINDINGS",
    "18782-3": "FINDINGS",
    "19005-8": "IMPRESSION",
    "51848-0": "IMPRESSION",
    "55107-7": "ADDENDUM",
    "18783-1": "RECOMMENDATION",
    "55115-0": "INDICATION",
    "18785-6": "INDICATION",
    "29299-5": "INDICATION",
    "42349-1": "INDICATION",
    "11329-0": "HISTORY",
    "10164-2": "HISTORY",
    "11348-0": "HISTORY",
    "18834-2": "COMPARISON",
    "55111-9": "TECHNIQUE",
    "55114-3": "PROCEDURE",
    "55108-5": "HISTORY",
    "55110-1": "IMPRESSION",
    "73568-8": "NOTIFICATION",
}
"""By LOINC code."""

DICOM_CODES = {
    "121070": "FINDINGS",
    "121071": "FINDINGS",
    "121072": "IMPRESSION",
    "121073": "IMPRESSION",
    "121076": "IMPRESSION",
    "121077": "IMPRESSION",
    "121111": "IMPRESSION",
    "121078": "ADDENDUM",
    "121074": "RECOMMENDATION",
    "121075": "RECOMMENDATION",
    "121109": "INDICATION",
    "121110": "HISTORY",
    "121060": "HISTORY",
    "121062": "INDICATION",
    "121066": "COMPARISON",
    "121068": "COMPARISON",
    "121069": "COMPARISON",
    "121064": "TECHNIQUE",
    "121065": "TECHNIQUE",
}
"""By code of DICOM (PS3.16 CID 7001, 7002), where the coding scheme is DCM."""
