"""Synthetic studies: reports from a grammar with their exact graphs, and phantom chest films of the same facts."""
