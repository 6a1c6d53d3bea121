"""char_detector."""
