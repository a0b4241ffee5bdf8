"""Pure parsers: raw bytes of one message in, `ParsedMessage` or `MessageRefusedError` out, nothing else ever.

No parser reads a file, a clock or the environment, and no error quotes the payload.
"""
