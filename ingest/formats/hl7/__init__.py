"""HL7 v2 messages (v2.3 to v2.8): parsers of reports and patients."""
