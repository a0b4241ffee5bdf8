"""The GraphQL API: queries of patients' findings, submitting reports, and the state of their processing."""
