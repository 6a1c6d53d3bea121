"""The generator: glyphs, plates, degradation and scenes, with exact labels."""
