"""`vlmkg status`: what runs, what waits and what was refused, on one screen or as JSON."""
