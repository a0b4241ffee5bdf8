"""People of a hospital's own identity provider: OpenID Connect tokens, verified here by the issuer's published keys."""
