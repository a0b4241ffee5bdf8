"""The demo: a synthetic hospital day, sent to the real gateway, and queries of the graph."""
