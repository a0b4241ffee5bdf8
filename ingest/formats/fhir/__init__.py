"""FHIR R4 resources: parsing and what they say of reports and patients."""
