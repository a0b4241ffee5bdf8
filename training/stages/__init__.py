"""The stages: 0 the small image encoder, 1 text-only instruction tuning, 2 visual instruction tuning."""
