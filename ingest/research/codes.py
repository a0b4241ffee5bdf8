"""The codes that a copy may contain. Senders also put free text in these fields, which may contain anything."""

from ingest.formats.code_sets import code_set

SEXES = code_set("male female other unknown")
"""FHIR AdministrativeGender."""

BODY_PARTS = code_set(
    "ABDOMEN ANKLE ARM BREAST BRAIN CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE COCCYX CSPINE CTSPINE ELBOW EXTREMITY "
    "EYE FACE FINGER FOOT FOREARM HAND HEAD HEART HIP HUMERUS JAW KNEE LEG LSPINE LUNG NECK PELVIS RIB SCAPULA "
    "SHOULDER SKULL SPINE SSPINE STERNUM THIGH THORAX TLSPINE TOE TSPINE WHOLEBODY WRIST"
)
"""Terms of Body Part Examined (DICOM PS3.16 Annex L) that chest feeds and similar ones use."""

VIEWS = code_set("AP PA LL RL RLD LLD RLO LLO LATERAL LAT OBLIQUE LAO RAO LPO RPO")
"""View Position (DICOM PS3.3 C.8.11.5.1.1 and C.8.1.2), and values that devices write for a lateral film."""
