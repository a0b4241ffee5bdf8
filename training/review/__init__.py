"""Expert review: triplets sampled for blinded readers, their verdicts, and their agreement."""
