"""Plate readers: a crop of one plate goes in, its text comes out. `load_reader` opens them by name.

May import `networks`, `models`, `plates`, `boxes`, `enhance`, `errors`; never `detect`, `synth`, `training` or
`evaluation`.
"""
