"""Label files, training data and public photographs."""
