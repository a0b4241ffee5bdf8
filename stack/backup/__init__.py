"""`vlmkg backup` and `vlmkg restore`: the ledger and what it needs to become the whole service again."""
