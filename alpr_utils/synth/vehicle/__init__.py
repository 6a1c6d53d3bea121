"""Vehicles: their shape, paint, writing and lamps, the light on them, and the geometry of the camera that sees them.

May import ``synth.plate`` and ``synth.glyphs``.
"""
