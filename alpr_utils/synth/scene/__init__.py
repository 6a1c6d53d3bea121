"""Street pictures put together without ray tracing, a dozen a second; and new plates in labelled photos.

May import ``synth.vehicle``, ``synth.photo``, ``synth.plate`` and ``synth.glyphs``, never ``synth.raytraced``.
"""
