"""The model card: figures of a checkpoint that are measured when the card is made, between words that people wrote."""
