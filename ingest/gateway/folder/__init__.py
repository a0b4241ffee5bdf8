"""The folder door: files that senders put into a folder are received and moved away."""
