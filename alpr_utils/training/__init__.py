"""How every model here is made: settings, samples, one loop, one run folder, export, means of weights.

May import: `detect`, `read`, `synth`, `networks`, `models`, `data`, `plates` and the ground floor; not `evaluation`.
"""
