"""What the graph must hold of a study, computed from the ledger. Pure."""
