"""Reading a report's words: its sections, sentences and tokens, and the rules engine with its lexicon."""
