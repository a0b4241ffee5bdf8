"""FHIR R4 resources: parsers of reports and patients."""
