"""The ledger: every event, every version of every report, every extraction's result, and the state of the work.

The graph is a projection of the ledger, and the workers take their work from it. Functions that take a `Connection` run
inside the caller's transaction; those that take a `Ledger` open their own.
"""
