"""The network doors: what senders connect to. Each receives (`ingest.receiving.submit`) before it acknowledges."""
