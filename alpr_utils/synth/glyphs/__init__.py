"""glyphs."""
