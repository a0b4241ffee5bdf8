"""Receiving messages, the ledger, and the workers that extract and merge."""
