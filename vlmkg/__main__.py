"""`python -m vlmkg`: the same command line, for a process that starts others of its own installation."""

from vlmkg.cli import main

main()
