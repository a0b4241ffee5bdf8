"""Training of the text witness: a pretrained encoder that learns to label the words of a report."""
