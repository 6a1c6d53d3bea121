"""The character detector: an SSD finds the characters of a plate, CTC's decoders put them together.

May import what `read` may, and `networks`.
"""
