"""One report, written in the many ways that a standard allows: whatever the way, the same study must be read."""
