"""How good are detectors and readers: matching, average precision, exact readings, conditions, calibration.

May import: `detect`, `read`, `synth`, `data`, `models`, `plates` and the modules of the root except `alpr`. Never
`training` or `charts`.
"""
