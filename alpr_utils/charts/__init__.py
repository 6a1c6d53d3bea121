"""Every figure of the notebooks and the curves of trainings: charts, and pictures with boxes, labels and titles.

May import: `evaluation`, `data` and the modules of the root. Never `training` or `cli`.
"""
