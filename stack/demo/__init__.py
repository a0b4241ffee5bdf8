"""The demo: a synthetic hospital day, sent through the real doors, and the questions asked of it."""
