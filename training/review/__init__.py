"""Expert review: triplets sampled for blinded readers, their verdicts, and how far they agree."""
