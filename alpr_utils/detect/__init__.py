"""Plate detectors: a picture goes in, boxes come out."""
