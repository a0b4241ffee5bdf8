"""`vlmkg extract`: reports into graphs, without any service."""
