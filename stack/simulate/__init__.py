"""A synthetic hospital that sends through the doors, and checks what became of all that it was acknowledged."""
