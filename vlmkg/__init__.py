"""The domain: schema, reading of reports, normalisation and validation."""
