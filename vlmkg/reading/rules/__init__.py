"""The rules engine: reads a report into a graph by a lexicon and rules over it."""
