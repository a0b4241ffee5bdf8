"""The network doors for senders. Each door stores a message (`ingest.receiving.submit`) before it acknowledges it."""
