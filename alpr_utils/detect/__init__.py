"""Plate detectors: a picture goes in, boxes come out; their targets, their export, and views of what happens inside.

Imports networks, models, boxes, images, config and errors; never `read`, `synth`, `training` or `evaluation`.
"""
