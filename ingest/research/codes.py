"""The codes that a copy may show. In their places senders also put free words, and in those anything may stand."""

from ingest.formats.code_sets import code_set

SEXES = code_set("male female other unknown")
"""FHIR AdministrativeGender."""

BODY_PARTS = code_set(
    "ABDOMEN ANKLE ARM BREAST BRAIN CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE COCCYX CSPINE CTSPINE ELBOW EXTREMITY "
    "EYE FACE FINGER FOOT FOREARM HAND HEAD HEART HIP HUMERUS JAW KNEE LEG LSPINE LUNG NECK PELVIS RIB SCAPULA "
    "SHOULDER SKULL SPINE SSPINE STERNUM THIGH THORAX TLSPINE TOE TSPINE WHOLEBODY WRIST"
)
"""Of the defined terms of Body Part Examined (DICOM PS3.16 Annex L), those that chest feeds use and their like."""

VIEWS = code_set("AP PA LL RL RLD LLD RLO LLO LATERAL LAT OBLIQUE LAO RAO LPO RPO")
"""View Position (DICOM PS3.3 C.8.11.5.1.1 and C.8.1.2), and what devices write for a lateral film."""
