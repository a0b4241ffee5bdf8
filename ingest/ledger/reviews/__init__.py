"""Reviews of findings."""
