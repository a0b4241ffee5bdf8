"""Constrained, batched decoding of windows: the automaton, the masks, the cache, the loop.

`decode.decode` reads prompts; `reports.read_texts` and `reports.read_films` read whole reports and films.
"""
