"""crnn."""
