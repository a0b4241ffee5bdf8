"""A message taken apart for a person: its parts by the names of its format, and the part that is the problem."""
