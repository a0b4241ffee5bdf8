"""The HTTP door: DICOMweb (STOW-RS) and FHIR R4."""
