"""What persons say of findings."""
