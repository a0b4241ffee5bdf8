"""The span tagger with a biaffine relation head: the baseline of the same size and data as the language model."""
