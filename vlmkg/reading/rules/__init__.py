"""The rules engine: reads a report into a graph by a lexicon and rules over it.

How to read docstrings that begin with an example in quotation marks:

    -> bool                  true for these words; after "not", "but" or "not so" stand words for which it is false
    -> Word, Presence        the class or presence in these words; after the colon its reason
    -> list[Unit]            the units, with these words read as the text after the colon says
    -> None, set, int        the edges, units or positions for these words are added, dropped or returned
"""
