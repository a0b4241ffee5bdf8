"""The ledger: every event, every version of every report, every extraction's result, and the state of the work.

It is the truth that the graph is projected from, and the outbox that the workers are fed from. All functions are plain:
those that take a `Connection` run inside the caller's transaction, those that take a `Ledger` open their own.
"""
