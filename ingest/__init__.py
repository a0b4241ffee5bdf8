"""Receiving studies, the ledger, and the workers that extract and merge."""
