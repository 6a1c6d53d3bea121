"""A plate seen from straight ahead: characters, marks, frame, wear, and the labels that go with it.

May import ``plates`` and ``synth.glyphs``.
"""
