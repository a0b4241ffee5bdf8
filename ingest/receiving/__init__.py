"""Receiving a message: store, commit, then acknowledge. Every source comes through `submit`."""
