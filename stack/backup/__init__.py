"""`vlmkg backup` and `vlmkg restore`: the ledger and all that is needed to restore the service."""
