"""Users of a hospital's identity provider: OpenID Connect tokens, verified with the issuer's published keys."""
