"""Two readers of one study: where they agree, where they differ, and what then is said."""
