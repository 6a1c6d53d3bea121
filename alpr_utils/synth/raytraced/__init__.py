"""Street pictures rendered by the ray tracer Mitsuba 3, seconds each; nothing else imports Mitsuba.

May import ``synth.vehicle``, ``synth.photo``, ``synth.plate`` and ``synth.glyphs``, never ``synth.scene``.
"""
