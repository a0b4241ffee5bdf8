"""The GraphQL API: questions across patients' findings, submitting reports, and following what became of them."""
