"""Training of checkpoints, and their metrics, evaluation, experiments and review."""
