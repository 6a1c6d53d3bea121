"""Masks of single characters, from strokes that we draw and from the licensed fonts in ``fonts/``.

May import ``plates`` and nothing else of ``synth``.
"""
