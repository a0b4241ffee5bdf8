"""`python -m vlmkg`: the same command line, for processes that start others of the same installation."""

from vlmkg.cli import main

main()
