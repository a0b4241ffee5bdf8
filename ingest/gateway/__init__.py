"""The network doors: what senders connect to. Each hands what it gets to `ingest.submit` before it acknowledges."""
