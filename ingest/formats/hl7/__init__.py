"""HL7 v2 messages (v2.3 to v2.8): parsing and what they say of reports and patients."""
