-- The raw messages in it are nowhere else: run it on a ledger that has none, or restore a backup instead.
DROP TABLE raw_messages;
