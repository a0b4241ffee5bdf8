"""Image encoders behind one protocol: a film, normalised pixels, gives a vector of `feature_size` numbers."""
