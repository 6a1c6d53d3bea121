"""Labelled pictures: VOC files, tables of plates, corners, halves by plate identity, TFRecord files, public photos.

Everything becomes the records of `labels`, in pixels. May import: `models`, `plates`, `boxes`, `images`, `errors`.
"""
