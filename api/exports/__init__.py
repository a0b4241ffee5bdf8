"""Downloads of what a cohort counts: its findings as CSV, FHIR R4 and RadGraph JSON, as streams."""
