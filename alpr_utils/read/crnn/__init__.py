"""The CRNN reader: one network for the whole plate, decoded by CTC. May import what `read` may, and `networks`."""
