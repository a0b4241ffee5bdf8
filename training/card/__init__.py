"""The model card: measured figures of a checkpoint, in a text written by people."""
