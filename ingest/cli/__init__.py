"""The sub-commands of operators, each in a module of its name."""
