"""The DICOM door: verification and storage (PS3.4 annexes A and B) as a provider."""
