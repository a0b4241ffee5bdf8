"""The local stack: every part as a child process of one command."""
