"""Generated pictures as data sets on disk and as a source for training.

May import every other room of ``synth``, and ``data`` and ``models.label_map`` for the label files.
"""
