"""A pretrained text encoder that labels each word of a report: a third witness, beside decoder and rules."""
