"""The model: vision encoder, projector and language model, its prompt and its decoding. Imports torch."""
