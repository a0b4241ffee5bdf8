"""A synthetic hospital that sends to the gateway, and checks that every acknowledged message is in the graph."""
