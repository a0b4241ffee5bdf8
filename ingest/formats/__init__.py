"""Pure parsers: they take the raw bytes of one message and return a `ParsedMessage` or raise MessageRefusedError.

No parser reads a file, a clock or the environment, and no error quotes the payload.
"""
