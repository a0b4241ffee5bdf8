"""Metrics and, later, the training of checkpoints."""
