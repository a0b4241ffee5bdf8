"""Receiving a message: store, commit, then acknowledge. Every source uses `submit`."""
