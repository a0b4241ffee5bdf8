"""DICOM objects: films, structured reports and their patients."""
