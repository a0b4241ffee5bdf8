"""Pixels of a film from DICOM, PNG or JPEG, as the encoders take them."""
