"""The projection: the graph's content for a study, computed from the ledger. Pure."""
