"""DICOM objects: films and structured reports, and what they say of patients."""
