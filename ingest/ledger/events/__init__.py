"""Events: received messages, their states, claims on them, and their replay."""
