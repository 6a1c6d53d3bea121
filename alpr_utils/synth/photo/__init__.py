"""The photo of one plate: perspective, light, weather and the faults of a camera.

May import ``plates``, ``synth.plate`` and ``synth.glyphs``.
"""
